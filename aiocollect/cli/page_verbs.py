"""The commands that show what processes do: ``ui`` and ``top``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from aiocollect import ConfigError

__all__ = ["add_page"]

_VARIABLE = "AIOCOLLECT_STATUS"
_LOG_KEY = "AIOCOLLECT_LOG_KEY"


def add_page(commands: Any) -> None:
    """Add them to the parser's ``commands``."""
    ui = commands.add_parser(
        "ui",
        help="see in a browser what running servers record, and what is stored",
        description=(
            "Shows on a page what the processes do that write status files: pipelines made with "
            "status=DIR or AIOCOLLECT_STATUS. With --store it also shows what is stored: days, "
            "drift of features, verdicts. Prints the page's address first. Shows no cell of a row "
            "unless --values is given, and changes nothing unless --allow-control is given. Ends "
            "with Ctrl-C."
        ),
    )
    ui.add_argument(
        "sources",
        metavar="DIR|URL",
        nargs="*",
        help=(
            "directory of status files, or address of another process's page or gateway "
            f"(default: ${_VARIABLE})"
        ),
    )
    for name, what in (
        ("store", "show what is stored there (needs pyarrow)"),
        ("container", "container of a connection string (default: $AIOCOLLECT_CONTAINER)"),
        ("workspace", "workspace of the pipelines (default: $AIOCOLLECT_WORKSPACE)"),
        ("service", "service of the pipelines (default: $AIOCOLLECT_SERVICE)"),
        ("layout", "layout of the pipelines (default: $AIOCOLLECT_LAYOUT, or day and hour)"),
    ):
        ui.add_argument(f"--{name}", metavar="URL" if name == "store" else None, help=what)
    ui.add_argument(
        "--values",
        action="store_true",
        help="let cells be seen: names of categories, ends of axes, the latest rows",
    )
    ui.add_argument(
        "--baseline",
        metavar="DAYS",
        type=int,
        default=7,
        help="days before a day that it is compared with (default: %(default)s)",
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
    top = commands.add_parser(
        "top",
        help="see in the terminal what running servers record",
        description=(
            "Shows in the terminal what the processes do that write status files: pipelines made "
            "with status=DIR or AIOCOLLECT_STATUS. Ends with Ctrl-C. With --once it exits with 1 "
            "if something needs you, and with 3 if no process writes there. Needs rich, except "
            'for --json: pip install "aiocollect[top]".'
        ),
    )
    top.add_argument(
        "directories",
        metavar="DIR",
        nargs="*",
        help=f"directory of status files (default: ${_VARIABLE})",
    )
    top.add_argument("--once", action="store_true", help="show it once, and exit")
    top.set_defaults(run=_top)


def _top(options: argparse.Namespace) -> int:
    from aiocollect.cli.top import TopOptions, top

    return top(_directories("top", options.directories), TopOptions(options.once, options.json))


def _ui(options: argparse.Namespace) -> int:
    from aiocollect.cli.ui import UiOptions, ui
    from aiocollect.gateway import load_token

    here = os.environ.get(_VARIABLE)
    sources = options.sources or ([here] if here else [])
    if not sources and not options.store:
        raise ConfigError(
            "nothing to show; use aiocollect ui DIR with the directory of status files, or set "
            f"{_VARIABLE}, and start the servers with the same; or --store URL for what is stored"
        )
    if options.values and not options.store:
        raise ConfigError("--values is about what is stored: use it with --store URL")
    token = None if options.token_file is None else load_token(options.token_file, {})
    data = None
    if options.store:
        from aiocollect.cli.store import where_of
        from aiocollect.page.data.opening import open_data

        data = open_data(
            where_of(options),
            values=options.values,
            baseline=options.baseline,
            log_key=os.environ.get(_LOG_KEY),
        )
    return ui(
        sources,
        data,
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


def _directories(command: str, given: Sequence[str]) -> Sequence[str]:
    """Those given, else that of the variable. Raises ConfigError."""
    here = os.environ.get(_VARIABLE)
    directories = given or ([here] if here else [])
    if not directories:
        raise ConfigError(
            f"no directory of status files given; use aiocollect {command} DIR or set {_VARIABLE}, "
            "and start the servers with the same"
        )
    return directories
