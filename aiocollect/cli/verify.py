"""``aiocollect verify``: whether what is stored is what was accepted.

The verdicts go to stdout, a table or JSON lines; what to do about the findings stands under it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiocollect import ConfigError, streams, verify
from aiocollect.cli.names import meant, named
from aiocollect.cli.progress import Progress
from aiocollect.cli.store import where_of
from aiocollect.cli.table import print_table
from aiocollect.reading import DayVerdict, Verdict

__all__ = ["run"]

NOTHING = 3
KEY = "AIOCOLLECT_LOG_KEY"
# What the whole verdict means; see docs/reference/log.md.
_WORDS = {
    "proven": "every accepted row is stored, or recorded as dropped or as a dead letter",
    "consistent": "what is there is valid, but no log proves that it is complete",
    "open": "some rows are still on their way, or their process was killed",
    "damaged": "rows are lost, altered, doubled or foreign",
}


def run(options: argparse.Namespace) -> int:
    """Print the verdict; 0: all is proven, 1: it is not, 3: there is nothing."""
    names = named(options.name) if options.name else (None, None, None)
    model, version, stream = names
    where = where_of(options)
    if options.day and (options.since or options.until):
        raise ConfigError("--day and --since exclude each other; use one of them")
    start, end = _day(options.day) if options.day else (options.since, options.until)
    with Progress(f"verifying {options.name or 'everything'}", unit="bytes"):
        verdict = verify(
            where["store"],
            model,
            version=version,
            stream=stream,
            start=start,
            end=end,
            depth=options.depth,
            log_key=os.environ.get(KEY),
            **{name: value for name, value in where.items() if name != "store"},
        )
    if not verdict.days:
        print(f"aiocollect: {_nothing(names, where)}", file=sys.stderr)
        return NOTHING
    if options.json:
        for day in verdict.as_dict()["days"]:
            print(json.dumps(day))
    else:
        _show(verdict)
    return 0 if verdict.proven else 1


def _nothing(names: Sequence[str | None], where: dict[str, Any]) -> str:
    """What there is, where a name is none of it."""
    there = streams(**where)
    for field, name in zip(("model", "version", "stream"), names, strict=True):
        known = {str(getattr(one, field)) for one in there}
        if name is not None and name not in known:
            return f"there is no {field} {name!r}{meant(name, known)}"
        there = [one for one in there if name is None or getattr(one, field) == name]
    return "nothing in the store has this name and time"


def _day(text: str) -> tuple[datetime, datetime]:
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"--day {text} is not a day; use YYYY-MM-DD") from None
    return begin, begin + timedelta(days=1)


def _show(verdict: Verdict) -> None:
    print_table(["stream", "day", "verdict", "rows", "dropped", "bytes"], map(_line, verdict.days))
    said: dict[str, str] = {}
    for finding in verdict.findings:
        print(f"- {finding}")
        said[finding.kind] = finding.remedy
    for kind, remedy in said.items():
        print(f"{kind}: {remedy}")
    for name, counts in (
        ("sampled out", verdict.sampled_out),
        ("left out by redaction rules", verdict.redacted_out),
        ("refused", {label: sum(of.values()) for label, of in verdict.refused.items()}),
    ):
        if rows := sum(counts.values()):
            print(f"{rows} rows were {name} and never accepted: they are not missing")
    print(f"{verdict.state}: {_WORDS[verdict.state]}")


def _line(day: DayVerdict) -> tuple[Any, ...]:
    name = "/".join(filter(None, (day.model, day.version, day.stream)))
    hourly = day.end - day.begin < timedelta(days=1)
    when = f"{day.begin:%Y-%m-%d %H:%M}" if hourly else f"{day.begin:%Y-%m-%d}"
    lost = sum(day.dropped.values()) + sum(day.dead_lettered.values())
    return name, when, day.state, f"{day.stored:,}", f"{lost:,}", f"{day.bytes:,}"
