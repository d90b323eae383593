"""``aiocollect doctor``: a line a check, the remedy under it, the verdict on the last line.

Exit codes: 0 rows can be stored, 1 a check failed, 4 the credential or a right, 78 an option.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import Any

__all__ = ["add_doctor"]


def add_doctor(commands: Any) -> None:
    """Add the command to the parser's ``commands``."""
    command = commands.add_parser(
        "doctor",
        help="find out why rows are not stored, and what to do",
        description=(
            "Looks at this machine, the options, the way to the store, the credential and its "
            "rights, and stores a few lines, which it deletes again. Prints a line a check, what "
            "to do under each that failed, and the verdict last. Shows no secret. Exits with 0 if "
            "rows can be stored, 78 for a wrong option, 4 for a wrong credential, 1 for any other "
            "failure."
        ),
    )
    command.add_argument(
        "--store", metavar="URL", help="store to look at (default: $AIOCOLLECT_STORE)"
    )
    command.add_argument("--container", metavar="NAME", help="container, for a connection string")
    command.add_argument("--workspace", help="workspace of the pipelines")
    command.add_argument("--service", help="service of the pipelines")
    command.add_argument("--spool", metavar="DIR", help="spool directory of the pipelines")
    command.add_argument("--status", metavar="DIR", help="status directory of the pipelines")
    command.add_argument("--no-write", action="store_true", help="write nothing to the store")
    command.add_argument("--offline", action="store_true", help="send nothing to the network")
    command.add_argument(
        "--quiet", action="store_true", help="print warnings, failures and the verdict only"
    )
    command.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="limit of each step (default: %(default)g)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from aiocollect.doctor import examine

    names = ("container", "workspace", "service", "spool", "status")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.store is not None:
        given["store"] = options.store
    diagnosis = asyncio.run(
        examine(
            environ=os.environ,
            write=not options.no_write and not options.offline,
            offline=options.offline,
            limit=options.timeout,
            **given,
        )
    )
    if options.json:
        print(json.dumps(diagnosis.as_json(), ensure_ascii=False))
    else:
        for line in diagnosis.lines(details=not options.quiet):
            print(line)
    sys.stdout.flush()
    return diagnosis.exit_code


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0.1 <= value <= 300:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 300")
    return value
