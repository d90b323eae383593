"""Parses the command line and starts the command.

The module of a command is imported when the command runs, so that ``--help`` starts at once. Exit
codes: 0 for done, 1 for failed, 2 for an invalid command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from aiocollect import AioCollectError, ConfigError, __version__
from aiocollect.cli.doctor import add_doctor
from aiocollect.cli.explain import add_explain
from aiocollect.cli.init import add_init
from aiocollect.cli.names import meant
from aiocollect.cli.page_verbs import add_page
from aiocollect.cli.plan import add_plan
from aiocollect.cli.reading_verbs import add_reading
from aiocollect.stats import CORE

__all__ = ["main"]

# Seconds. A shorter run has no time for a restart; a longer one is a load test.
_SHORTEST, _LONGEST = 2.0, 3600.0
_FASTEST = 20_000.0
_VARIABLE = "AIOCOLLECT_SETTINGS_FILE"
FAILED = 1
INTERRUPTED = 130  # as shells have it: 128, and the number of SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser, commands = _parser()
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        parser.error(f"there is no command {arguments[0]!r}{meant(arguments[0], commands)}")
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except AioCollectError as error:
        print(f"aiocollect: {error or type(error).__name__}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # Whoever reads has read enough. The interpreter would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
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
        browser=not options.no_browser,
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
    chosen = {name: value for name, value in given.items() if value is not None}
    token = load_token(options.token_file)
    chosen_options = GatewayOptions(host=options.host, token=token, **chosen)
    return run_gateway(options.store, chosen_options, as_json=options.json)


def _switch(options: argparse.Namespace) -> int:
    from aiocollect.cli.switch import show, switch

    if options.settings is None:
        raise ConfigError(f"no settings file given; use --settings FILE or set {_VARIABLE}")
    if options.command == "status":
        return show(options.settings, as_json=options.json)
    return switch(
        options.settings,
        options.collector,
        enabled=options.command == "enable",
        sample_rate=getattr(options, "sample_rate", None),
        force=options.force,
        as_json=options.json,
    )


def _parser() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser, and the names of the commands."""
    parser = argparse.ArgumentParser(
        prog="aiocollect",
        description="Record the inputs and outputs of production models, exactly once.",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # --version is one line
    )
    version = f"aiocollect {__version__}, core: {CORE}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="watch a scoring server being recorded while its store fails, and audited",
        description=(
            "Runs a scoring server and a load generator on this machine and records every "
            "row. The store fails in several ways, and the server is ended with SIGTERM and "
            "started again: buttons of a page do so, and a script presses those that you do not. "
            "Then what was stored is audited. Needs no Azure account. Ends by itself; exits with 1 "
            "if the audit finds a fault."
        ),
    )
    demo.add_argument(
        "--seconds", type=_seconds, default=45.0, help="duration of the load (default: 45)"
    )
    demo.add_argument(
        "--rate", type=_rate, default=600.0, help="requests per second (default: %(default)g)"
    )
    demo.add_argument(
        "--store",
        metavar="URL",
        help=(
            "store for the rows: a directory, azurite://host:port/container, a container "
            "URL with a SAS, or a connection string (default: modeldata in the demo's "
            "folder)"
        ),
    )
    demo.add_argument("--container", metavar="NAME", help="container, for a connection string")
    demo.add_argument(
        "--directory",
        metavar="DIR",
        help="folder of the demo (default: a new one in ./demo-data)",
    )
    demo.add_argument("--no-browser", action="store_true", help="only print the page's address")
    demo.add_argument(
        "--json", action="store_true", help="print one JSON object as the last line of stdout"
    )
    demo.set_defaults(run=_demo)
    add_init(commands)
    add_page(commands)
    add_doctor(commands)
    add_explain(commands)
    add_plan(commands)
    add_reading(commands)
    replay = commands.add_parser(
        "replay",
        help="store the rows that ended processes left in a spool",
        description=(
            "Stores the rows that ended processes left in a spool directory, exactly once. "
            "Rows of running processes, and rows for another store, workspace or service, "
            "stay where they are. Exits with 1 if rows are left, lost or damaged, and says "
            "why."
        ),
    )
    replay.add_argument(
        "directory", metavar="DIR", help="spool directory: the spool= of the pipelines"
    )
    replay.add_argument(
        "--store", metavar="URL", help="store that the rows are for (default: $AIOCOLLECT_STORE)"
    )
    replay.add_argument(
        "--workspace",
        help=(
            "workspace of the pipelines (default: $AIOCOLLECT_WORKSPACE, or "
            "default/default/default)"
        ),
    )
    replay.add_argument(
        "--service", help="service of the pipelines (default: $AIOCOLLECT_SERVICE, or default)"
    )
    replay.add_argument(
        "--any-target",
        action="store_true",
        help=(
            "also store rows meant for other stores, workspaces and services, for example "
            "after a move"
        ),
    )
    replay.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="stop after this time (default: no limit)"
    )
    replay.set_defaults(run=_replay)
    gateway = commands.add_parser(
        "gateway",
        help="accept rows and events over HTTP from programs in any language",
        description=(
            "Records what is posted to it: requests of azureml-ai-monitoring, CloudEvents "
            "from KServe's and Seldon's loggers, and rows as JSON or CSV. The pipeline's "
            "options come from AIOCOLLECT_ variables. On SIGTERM or SIGINT it stores what "
            "it has and exits."
        ),
    )
    gateway.add_argument(
        "--store", metavar="URL", help="store for the rows (default: $AIOCOLLECT_STORE)"
    )
    gateway.add_argument(
        "--host",
        default="127.0.0.1",
        help=(
            "address to listen on; any but a loopback address needs a token (default: %(default)s)"
        ),
    )
    gateway.add_argument(
        "--port", type=int, help="port to listen on; 0 for any free port (default: 8700)"
    )
    gateway.add_argument(
        "--token-file",
        metavar="FILE",
        help=(
            "file with the token that all senders must give (default: $AIOCOLLECT_GATEWAY_TOKEN)"
        ),
    )
    gateway.add_argument(
        "--max-body-bytes",
        type=int,
        help="largest request body, after decompression (default: 1 MiB)",
    )
    gateway.add_argument(
        "--trust-ids",
        action="store_true",
        help=(
            "file rows by the day in an aiocollect id, even a past one: for labels that arrive "
            "later"
        ),
    )
    gateway.set_defaults(run=_gateway)
    for command, help_ in (
        ("enable", "switch collecting on in a running service"),
        ("disable", "switch collecting off in a running service; scoring continues"),
        ("status", "show the switches in the settings file"),
    ):
        one = commands.add_parser(command, help=help_, description=f"{help_.capitalize()}.")
        one.add_argument(
            "--settings",
            metavar="FILE",
            default=os.environ.get(_VARIABLE),
            help=(
                "settings file that the pipeline watches, its settings_file= (default: "
                f"${_VARIABLE})"
            ),
        )
        if command != "status":
            one.add_argument(
                "collector",
                nargs="?",
                help="model/version/identifier, or the beginning of it (default: all collectors)",
            )
            one.add_argument(
                "--force",
                action="store_true",
                help="also accept a collector that is not known (yet)",
            )
        if command == "enable":
            one.add_argument(
                "--sample-rate", type=float, help="share of calls to record, above 0 and up to 1"
            )
        one.set_defaults(run=_switch, command=command)
    for command in ("init", "ui", "top", "replay", "gateway", "enable", "disable", "status"):
        commands.choices[command].add_argument(
            "--json", action="store_true", help="print JSON, one object per line"
        )
    return parser, commands.choices


def _seconds(text: str) -> float:
    return _within(text, _SHORTEST, _LONGEST)


def _rate(text: str) -> float:
    return _within(text, 1.0, _FASTEST)


def _within(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
    return value
