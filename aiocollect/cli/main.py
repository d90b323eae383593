"""Takes the command line apart, and starts what it names.

Each command's own module is imported when it is asked for, so that ``--help`` starts at once. Exit
codes: 0 for done, 1 for failed, 2 for a command line that says nothing we know.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from aiocollect import ConfigError, __version__

__all__ = ["main"]

# A shorter run has no room for a restart; a longer one belongs into a load test.
_SHORTEST, _LONGEST = 2.0, 3600.0
_FASTEST = 20_000.0
_VARIABLE = "AIOCOLLECT_SETTINGS_FILE"


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except ConfigError as error:
        print(f"aiocollect: {error}", file=sys.stderr)
        return 1
    return code


def _demo(options: argparse.Namespace) -> int:
    from aiocollect.demo.run import run_demo

    return run_demo(
        seconds=options.seconds,
        rate=options.rate,
        store=options.store,
        container=options.container,
        directory=options.directory,
        json=options.json,
    )


def _replay(options: argparse.Namespace) -> int:
    from aiocollect.cli.replay import ReplayOptions, replay

    given = {name: getattr(options, name) for name in ReplayOptions._fields}
    return replay(options.directory, ReplayOptions(**given))


def _gateway(options: argparse.Namespace) -> int:
    from aiocollect.cli.gateway import run_gateway
    from aiocollect.gateway import GatewayOptions, load_token

    given = {
        "port": options.port,
        "max_body_bytes": options.max_body_bytes,
        "trust_ids": options.trust_ids,
    }
    told = {name: value for name, value in given.items() if value is not None}
    token = load_token(options.token_file)
    return run_gateway(options.store, GatewayOptions(host=options.host, token=token, **told))


def _switch(options: argparse.Namespace) -> int:
    from aiocollect.cli.switch import show, switch

    if options.settings is None:
        raise ConfigError(f"name the settings file: --settings FILE, or set {_VARIABLE}")
    if options.command == "status":
        return show(options.settings)
    return switch(
        options.settings,
        options.collector,
        enabled=options.command == "enable",
        sample_rate=getattr(options, "sample_rate", None),
        force=options.force,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aiocollect",
        description="Record what production models see and say, exactly once.",
    )
    parser.add_argument("--version", action="version", version=f"aiocollect {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="watch a scoring server being recorded, stopped under load, and audited",
        description=(
            "Runs a scoring server and an open-loop load on this machine, records every row, stops "
            "the server half-way by SIGTERM, starts it again, and audits what was stored. Needs no "
            "account. Ends by itself; exits 1 when the verdict is bad."
        ),
    )
    demo.add_argument(
        "--seconds", type=_seconds, default=15.0, help="how long the load lasts (default: 15)"
    )
    demo.add_argument(
        "--rate", type=_rate, default=600.0, help="requests a second (default: %(default)g)"
    )
    demo.add_argument(
        "--store",
        metavar="URL",
        help=(
            "where the rows go: a directory, azurite://host:port/container, a container's URL with "
            "its SAS, or a connection string (default: modeldata in the demo's folder)"
        ),
    )
    demo.add_argument("--container", metavar="NAME", help="goes with a connection string")
    demo.add_argument(
        "--directory",
        metavar="DIR",
        help="the demo's folder (default: a new one in ./demo-data)",
    )
    demo.add_argument(
        "--json", action="store_true", help="one JSON object as the last line of stdout"
    )
    demo.set_defaults(run=_demo)
    replay = commands.add_parser(
        "replay",
        help="bring what ended processes have left in a spool to the store",
        description=(
            "Stores the rows of a spool directory whose processes have ended, exactly once; those "
            "of running ones are left to them, and those of another store, workspace or service "
            "stay where they are. Exits 1 where rows are left, lost or damaged, and says why."
        ),
    )
    replay.add_argument("directory", metavar="DIR", help="the spool= of the pipelines")
    replay.add_argument(
        "--store", metavar="URL", help="whose rows these are (default: $AIOCOLLECT_STORE)"
    )
    replay.add_argument(
        "--workspace", help="of the pipelines (default: $AIOCOLLECT_WORKSPACE, or the common one)"
    )
    replay.add_argument(
        "--service", help="of the pipelines (default: $AIOCOLLECT_SERVICE, or the common one)"
    )
    replay.add_argument(
        "--any-target",
        action="store_true",
        help="bring rows of other stores, workspaces and services there too: after a move",
    )
    replay.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="how long it may take (default: no end)"
    )
    replay.set_defaults(run=_replay)
    gateway = commands.add_parser(
        "gateway",
        help="take rows and events over HTTP, from whatever is not async Python",
        description=(
            "Records what is posted to it: azureml-ai-monitoring's posts, CloudEvents of KServe's "
            "and Seldon's loggers, rows as JSON or CSV. Options of the pipeline come from "
            "AIOCOLLECT_ variables. Ends on SIGTERM and SIGINT, when everything is stored."
        ),
    )
    gateway.add_argument(
        "--store", metavar="URL", help="where the rows go (default: $AIOCOLLECT_STORE)"
    )
    gateway.add_argument(
        "--host", default="127.0.0.1", help="others need a token (default: %(default)s)"
    )
    gateway.add_argument("--port", type=int, help="0 for any free one (default: 8700)")
    gateway.add_argument(
        "--token-file",
        metavar="FILE",
        help="whose text is asked of all senders (default: $AIOCOLLECT_GATEWAY_TOKEN)",
    )
    gateway.add_argument(
        "--max-body-bytes", type=int, help="of a body, after decompression (default: 1 MiB)"
    )
    gateway.add_argument(
        "--trust-ids",
        action="store_true",
        help="rows under an id of ours go to the day that it carries: for labels that come later",
    )
    gateway.set_defaults(run=_gateway)
    for command, help_ in (
        ("enable", "switch collecting on in a running service"),
        ("disable", "switch collecting off in a running service; scoring goes on"),
        ("status", "show what the settings file says"),
    ):
        one = commands.add_parser(command, help=help_, description=f"{help_.capitalize()}.")
        one.add_argument(
            "--settings",
            metavar="FILE",
            default=os.environ.get(_VARIABLE),
            help=f"the file that the pipeline watches: its settings_file= (default: ${_VARIABLE})",
        )
        if command != "status":
            one.add_argument(
                "collector",
                nargs="?",
                help="model/version/identifier, or the beginning of it (default: the pipeline)",
            )
            one.add_argument(
                "--force", action="store_true", help="also a collector that is not known (yet)"
            )
        if command == "enable":
            one.add_argument(
                "--sample-rate", type=float, help="the share of calls that is recorded, to 1"
            )
        one.set_defaults(run=_switch, command=command)
    return parser


def _seconds(text: str) -> float:
    return _within(text, _SHORTEST, _LONGEST)


def _rate(text: str) -> float:
    return _within(text, 1.0, _FASTEST)


def _within(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
    return value
