"""The command line of the verbs that read a store. They share what names the store and the span.

What a verb does is in a module of its own, which is imported when the verb runs.
"""

from __future__ import annotations

import argparse
from typing import Any, Literal, TypeAlias

__all__ = ["add_reading"]

_NEEDS_ARROW = 'Needs pyarrow: pip install "aiocollect[read]".'
_NAME = "MODEL[/VERSION[/STREAM]]"
Named: TypeAlias = Literal["one", "maybe", "some"]


def add_reading(commands: Any) -> None:
    """Add the verbs to the command line."""
    _add_ls(commands)
    _add_rows(commands)
    _add_stats(commands)
    _add_tail(commands)
    _add_verify(commands)
    _add_compact(commands)


def _add_ls(commands: Any) -> None:
    _verb(
        commands,
        "ls",
        _ls,
        "list the streams of a store",
        (
            "Lists streams with their parts, bytes and days, how long ago something was last "
            "stored, and up to which day there are compacted files. Exits with 3 if there are none."
        ),
        named="maybe",
    )


def _add_rows(commands: Any) -> None:
    head = _verb(
        commands,
        "head",
        _cat,
        "show the first rows of a model or stream",
        (
            "Shows the first rows: of MODEL/VERSION inputs, predictions and labels joined, of "
            f"MODEL/VERSION/STREAM that stream. {_NEEDS_ARROW}"
        ),
    )
    head.add_argument("-n", dest="rows", type=int, default=10, help="number of rows (default: 10)")
    cat = _verb(
        commands,
        "cat",
        _cat,
        "write all rows of a model or stream",
        f"Writes rows to stdout as CSV or JSON lines, notices to stderr. {_NEEDS_ARROW}",
    )
    cat.set_defaults(rows=None)
    for one, form in ((head, "table"), (cat, "csv")):
        _add_span(one)
        one.add_argument("--columns", metavar="A,B", help="only these columns")
        one.add_argument(
            "--format",
            choices=("table", "csv", "jsonl"),
            default=form,
            help="(default: %(default)s)",
        )


def _add_stats(commands: Any) -> None:
    stats = _verb(
        commands,
        "stats",
        _stats,
        "show how many rows there are, what they lack, and how columns have drifted",
        (
            "Shows rows per day, the share of them that is paired and labelled, how late labels "
            "come, and of each column what is missing; with --against how each column differs from "
            f"a baseline. Exits with 3 if there are no rows. {_NEEDS_ARROW}"
        ),
    )
    _add_span(stats)
    stats.add_argument(
        "--against",
        metavar="FROM..UNTIL",
        help="a span to compare with, such as 2026-10-01..2026-10-08, or 14d..7d (before now)",
    )
    stats.add_argument(
        "--values", action="store_true", help="name the new categories, which are cells"
    )


def _add_tail(commands: Any) -> None:
    one = _verb(
        commands,
        "tail",
        _tail,
        "show the last rows of a stream, and follow it",
        (
            "Shows the last rows of MODEL/VERSION/STREAM, with -f also those that land from then "
            f"on, each once, until Ctrl-C. Never shows half a row. {_NEEDS_ARROW}"
        ),
    )
    one.add_argument(
        "-f", "--follow", action="store_true", help="continue with the rows that land from now on"
    )
    one.add_argument(
        "-n",
        dest="rows",
        type=int,
        help="number of rows that are there (default: 10; with --since, all of them)",
    )
    one.add_argument(
        "--since",
        metavar="WHEN",
        help="rows scored at or after this time, such as 2026-11-01, 7d or 1h (before now)",
    )
    one.add_argument("--columns", metavar="A,B", help="only these columns")
    one.add_argument(
        "--format", choices=("csv", "jsonl"), default="csv", help="(default: %(default)s)"
    )


def _add_verify(commands: Any) -> None:
    one = _verb(
        commands,
        "verify",
        _verify,
        "check that nothing is missing, changed or too much",
        (
            "Compares the stored bytes with the log that pipelines write beside them, by stream "
            "and day. Exits with 0 if everything is proven, 1 if not, 3 if there is nothing. "
            "A signed log needs its key in $AIOCOLLECT_LOG_KEY."
        ),
        named="maybe",
    )
    one.add_argument("--day", metavar="YYYY-MM-DD", help="only this day (UTC)")
    _add_span(one)
    one.add_argument(
        "--depth",
        choices=("bytes", "rows"),
        default="bytes",
        help="rows: parse all rows too, which needs pyarrow (default: %(default)s)",
    )


def _verb(
    commands: Any,
    verb: str,
    run: Any,
    help_: str,
    description: str,
    *,
    named: Named = "one",
) -> argparse.ArgumentParser:
    """A verb with the name, the options of the store, and --json."""
    one: argparse.ArgumentParser = commands.add_parser(verb, help=help_, description=description)
    one.add_argument(
        "name",
        metavar=_NAME,
        nargs={"one": None, "maybe": "?", "some": "*"}[named],
        help="what to read" + ("" if named == "one" else " (default: everything)"),
    )
    for name, what in (
        ("store", "the store (default: $AIOCOLLECT_STORE)"),
        ("container", "container of a connection string (default: $AIOCOLLECT_CONTAINER)"),
        ("workspace", "workspace of the pipelines (default: $AIOCOLLECT_WORKSPACE)"),
        ("service", "service of the pipelines (default: $AIOCOLLECT_SERVICE)"),
        ("layout", "layout of the pipelines (default: $AIOCOLLECT_LAYOUT, or day and hour)"),
    ):
        one.add_argument(f"--{name}", metavar="URL" if name == "store" else None, help=what)
    if verb != "compact":
        one.add_argument(
            "--compacted", metavar="URL", help="where compact put its files, if not in the store"
        )
    one.add_argument(
        "--json", action="store_true", help="print one JSON object per line, for other programs"
    )
    one.set_defaults(run=run)
    return one


def _add_span(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--since",
        metavar="WHEN",
        help="only rows scored at or after this time, such as 2026-11-01, 7d or 12h (before now)",
    )
    one.add_argument("--until", metavar="WHEN", help="only rows scored before this time")


def _add_compact(commands: Any) -> None:
    one = _verb(
        commands,
        "compact",
        _compact,
        "put what was collected into Parquet, or into Delta tables",
        (
            "Makes a Parquet file for each day and stream, of the rows that no file has yet; any "
            "number of runs give each row once. Exits with 3 if the store is empty. "
            f"{_NEEDS_ARROW}"
        ),
        named="some",
    )
    one.add_argument("--to", metavar="URL", required=True, help="store that gets the files")
    one.add_argument(
        "--until",
        metavar="WHEN",
        default="2d",
        help="only folders that ended by then (default: %(default)s ago; 0d: everything)",
    )
    one.add_argument(
        "--format",
        choices=("parquet", "delta"),
        default="parquet",
        help="delta: a table for each stream, with deltalake installed (default: %(default)s)",
    )
    one.add_argument(
        "--remove-after",
        metavar="AGE",
        help="remove parts that are wholly compacted, once they are so old: 30d (default: never)",
    )
    one.add_argument("--dry-run", action="store_true", help="only show what would be done")


def _compact(options: argparse.Namespace) -> int:
    from aiocollect.cli.compact import compact

    return compact(options)


def _ls(options: argparse.Namespace) -> int:
    from aiocollect.cli.reading import ls

    return ls(options)


def _verify(options: argparse.Namespace) -> int:
    from aiocollect.cli.verify import run

    return run(options)


def _cat(options: argparse.Namespace) -> int:
    from aiocollect.cli.reading import cat

    return cat(options)


def _stats(options: argparse.Namespace) -> int:
    from aiocollect.cli.stats import stats

    return stats(options)


def _tail(options: argparse.Namespace) -> int:
    from aiocollect.cli.tail import tail

    return tail(options)
