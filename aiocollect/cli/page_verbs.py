"""The commands that show what processes do: ``ui``."""

from __future__ import annotations

import argparse
import os
from typing import Any

from aiocollect import ConfigError

__all__ = ["add_page"]

_VARIABLE = "AIOCOLLECT_STATUS"


def add_page(commands: Any) -> None:
    """Add them to the parser's ``commands``."""
    ui = commands.add_parser(
        "ui",
        help="see in a browser what running servers record",
        description=(
            "Shows on a page what the processes do that write status files: pipelines made with "
            "status=DIR or AIOCOLLECT_STATUS. Prints the page's address first. Shows no cell of a "
            "row, and changes nothing unless --allow-control is given. Ends with Ctrl-C."
        ),
    )
    ui.add_argument(
        "directories",
        metavar="DIR",
        nargs="*",
        help=f"directory of status files (default: ${_VARIABLE})",
    )
    ui.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s)",
    )
    ui.add_argument(
        "--port",
        type=int,
        default=8701,
        help="port to listen on; 0 for any free port (default: %(default)s)",
    )
    ui.add_argument(
        "--token-file",
        metavar="FILE",
        help="file with the token that the address holds (default: a new one each time)",
    )
    ui.add_argument(
        "--allowed-host",
        metavar="NAME",
        action="append",
        default=[],
        help="name under which the page is reached too, as behind a proxy",
    )
    ui.add_argument(
        "--allow-control",
        action="store_true",
        help="show switches; they write the settings_file= of the pipelines",
    )
    ui.add_argument("--no-browser", action="store_true", help="only print the address")
    ui.set_defaults(run=_ui)


def _ui(options: argparse.Namespace) -> int:
    from aiocollect.cli.ui import UiOptions, ui
    from aiocollect.gateway import load_token

    here = os.environ.get(_VARIABLE)
    directories = options.directories or ([here] if here else [])
    if not directories:
        raise ConfigError(
            f"no directory of status files given; use aiocollect ui DIR or set {_VARIABLE}, "
            "and start the servers with the same"
        )
    token = None if options.token_file is None else load_token(options.token_file, {})
    return ui(
        directories,
        UiOptions(
            options.host,
            options.port,
            token,
            options.allowed_host,
            options.allow_control,
            not options.no_browser,
            options.json,
        ),
    )
