"""Writes docs/explanation/proofs.md from the record: what was proven of the present code, and what
is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Final

from tests.simulation.coverage import STEPS

from .code import ROOT
from .record import Entry, Record
from .suites import SUITES
from .tally import Tally
from .verdict import Standing, standings

__all__ = ["PAGE", "page", "write"]

PAGE: Final = ROOT / "docs/explanation/proofs.md"

OPENING: Final = """# The long proofs

Made by `make proof` from `docs/explanation/proofs.json`. What the suites prove is in
[reliability.md](reliability.md); this page says how often they were run, on which code, and what is
missing.

`make proof MINUTES=20` runs what is missing, in shards that add up: a run can be ended at any
moment, and the next one goes on. A shard counts for as long as the code that it proved is the same:
what decides rows, and the suite itself, without comments and docstrings. Each fifth shard runs
without the [native core](native.md). A total that never met a kind of fault or a step of the lane's
table fails, and so does a seed that failed once: both are named below. `make proof MINUTES=0` says
what is missing for the code that is checked out.
"""

TABLES: Final = {
    "faults": "Faults of the store and of the network",
    "host faults": "Faults of the host",
    "steps": "Steps of the lane's table: state x event > next state",
    "crashed at": "Calls at which a machine ended",
    "disk faults": "Faults of the disk",
    "ends": "Ends",
    "days": "Verdicts on days at the end of a life",
    "compactions": "Compaction",
    "hosts": "Hosts, and how the store was down",
    "rows": "Rows that were not as accepted",
    "zoo": "The bug zoo: what caught the mutants",
}


def page(record: Record) -> str:
    """The text; of the record alone, so that no change of code makes it wrong."""
    now = standings(record.newest())
    lines = [OPENING, "## The code that was proven last", "", *_table(now), "", *_verdict(now)]
    for table, title in TABLES.items():
        lines += _counts(now, table, title)
    lines += _older(record)
    return "\n".join(lines).rstrip() + "\n"


def write(record: Record, path: Path = PAGE) -> None:
    """Write it."""
    path.write_text(page(record), encoding="utf-8")


def _table(now: Iterable[Standing]) -> Iterator[str]:
    yield "| proof | run | of | in Python | rows | failed | code | revision | days |"
    yield "|---|---:|---:|---:|---:|---:|---|---|---|"
    for one in now:
        suite, entries, tally, _ = one
        python = sum(entry.tally.units for entry in entries if entry.key.way == "python")
        failed = sum(len(entry.failures) for entry in entries)
        code = entries[0].key.code if entries else ""
        cells = [
            suite.name,
            f"{tally.units:,} {suite.units}" if entries else "0",
            f"{one.goal:,}",
            f"{python:,}" if suite.python_every else "",
            f"{tally.rows:,}",
            str(failed),
            f"`{code}`" if code else "",
            " ".join(f"`{one}`" for one in sorted({entry.revision for entry in entries})),
            _days(entries),
        ]
        yield f"| {' | '.join(cells)} |"


def _verdict(now: list[Standing]) -> Iterator[str]:
    lives = next((one.tally for one in now if one.suite.name == "whole lives"), Tally())
    steps = lives.of("steps")
    pairs = {step.partition(" > ")[0] for step in steps}
    all_pairs = {(state, event) for state, event, _ in STEPS}
    versions = sorted({entry.key.python for one in now for entry in one.entries})
    hours = sum(one.tally.seconds for one in now) / 3600
    yield from _wrapped(
        f"{sum(one.tally.rows for one in now):,} rows in all, {hours:.1f} hours of a core, on "
        f"CPython {', '.join(versions) or '(nothing was run)'}. The whole lives met "
        f"{lives.of('faults').total():,} faults of the store in {len(lives.of('faults'))} kinds, "
        f"{lives.of('host faults').total():,} of the host in {len(lives.of('host faults'))}, and "
        f"{len(steps)} of {len(STEPS)} steps in {len(pairs)} of {len(all_pairs)} pairs of state "
        "and event."
    )
    yield ""
    missing = [f"{one.left:,} {one.suite.units} of {one.suite.name}" for one in now if one.left]
    missing += [f"all of {name}" for name in SUITES if name not in {one.suite.name for one in now}]
    yield from _wrapped(f"**Missing to the goal**: {', '.join(missing) or 'nothing'}.")
    yield ""
    unmet = [
        f"{one.suite.name}: {kind} ({table})"
        for one in now
        for table, kinds in one.unmet.items()
        for kind in kinds
    ]
    yield from _wrapped(f"**Never met**: {'; '.join(unmet) or 'nothing that had to be'}.")
    yield ""
    failures = [(one, seed, said) for one in now for seed, said in one.failures.items()]
    if not failures:
        yield "**Failed**: nothing."
        return
    yield "**Failed**:"
    yield ""
    for one, seed, said in failures:
        shown = said.replace("|", "\\|").replace("`", "'")
        yield from _wrapped(
            f"- {one.suite.name}, {seed}: `{shown}`. Again: `{one.suite.replay.format(seed=seed)}`",
            later="  ",
        )


def _counts(now: Iterable[Standing], table: str, title: str) -> Iterator[str]:
    """A table of counts, as running text: a proof a paragraph."""
    told = [(one.suite.name, one.tally.of(table)) for one in now if one.tally.of(table)]
    if not told:
        return
    yield from ("", f"## {title}", "")
    for name, found in told:
        yield from _wrapped(f"- {name}: {_most(found)}.", later="  ")


def _older(record: Record) -> Iterator[str]:
    """What was run of earlier code: sums alone."""
    newest = {entry.key for found in record.newest().values() for entry in found}
    older = [entry for key, entry in record.entries().items() if key not in newest]
    if not older:
        return
    yield from ("", "## Earlier code", "")
    yield "| proof | core | run | rows | failed | code | revision | days |"
    yield "|---|---|---:|---:|---:|---|---|---|"
    for entry in older:
        key, tally = entry.key, entry.tally
        yield (
            f"| {key.suite} | {key.way} | {tally.units:,} | {tally.rows:,} | "
            f"{len(entry.failures)} | `{key.code}` | `{entry.revision}` | {_days([entry])} |"
        )


def _days(entries: list[Entry]) -> str:
    days = sorted({day for entry in entries for day in entry.days if day})
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""


def _most(found: Counter[str]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in found.most_common())


def _wrapped(text: str, later: str = "") -> list[str]:
    return fill(
        text, 100, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    ).split("\n")


def main() -> None:
    """Write the page again, of the record as it is."""
    write(Record())


if __name__ == "__main__":
    main()
