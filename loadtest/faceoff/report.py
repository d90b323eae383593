"""The face-off's figures as plain text, as JSON, and as the tables of faceoff.md."""

from __future__ import annotations

import dataclasses
import datetime
import json
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from testkit.emulator import MAIN
from testkit.proxy import Kind

from .conditions import SINGLE, Conditions
from .contenders import ALL
from .run import Result

__all__ = ["KINDS", "as_json", "as_markdown", "as_text", "conditions_text"]

_TITLES = {contender.name: contender.title for contender in ALL}
_COLUMNS = ("offered", "accepted", "lost", "doubled", "torn", "reordered")
KINDS = {
    "graceful": "SIGTERM after the last row",
    "kill": "SIGKILL in the middle of the load, then a restart",
}


def _line(results: Sequence[Result]) -> list[str]:
    """The figures of one contender over some rounds, added up."""
    counts = [sum(getattr(each.verdict, name) for each in results) for name in _COLUMNS]
    faults = sum(sum(each.faults.values()) for each in results)
    late = sum(not each.finished for each in results)
    return [
        _TITLES[results[0].contender],
        *(f"{count:,}" for count in counts),
        f"{faults:,}",
        f"{max(each.verdict.longest_call for each in results):.3f}",
        _span([each.seconds for each in results]) + (f" ({late} not ended)" if late else ""),
    ]


def _span(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"


_HEAD = ["", *_COLUMNS, "faults met", "longest call, s", "seconds in all"]


def _by_contender(results: Iterable[Result]) -> list[list[Result]]:
    found: dict[str, list[Result]] = {}
    for each in results:
        found.setdefault(each.contender, []).append(each)
    return list(found.values())


def _seeds(results: Iterable[Result]) -> list[int]:
    return sorted({each.seed for each in results})


def as_text(results: Sequence[Result], *, title: str) -> str:
    """One table of some rounds of one kind."""
    table = [_HEAD, *map(_line, _by_contender(results))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [title]
    for row in table:
        first, *others = (
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(["  " + first, *others]).rstrip())
    lines.extend(
        f"    {each.contender}, seed {each.seed}: {each.verdict.refused} refused, "
        f"{each.verdict.unclaimed} stored and not accepted"
        for each in results
        if each.verdict.refused or each.verdict.unclaimed
    )
    return "\n".join(lines)


def conditions_text(results: Sequence[Result], conditions: Conditions) -> str:
    """The conditions in a paragraph: load, faults, clients, versions."""
    counted = Counter(each.kind for each in SINGLE)
    singles = ", ".join(f"{counted[kind]} {what}" for kind, what in _WHAT.items())
    return (
        f"Conditions: {conditions.rows:,} rows at {conditions.rate:g} a second to each contender; "
        f"each a process of its own, all at the same time, against one Azurite, through a fault "
        f"proxy each; seeds {', '.join(map(str, _seeds(results)))}. The faults lie in wait at the "
        f"same moments for all: {singles}, each for the first append within "
        f"{conditions.window:g} s, and an outage of {conditions.outage:g} s; who waits before a "
        f"retry meets fewer. One every {conditions.slot:g} s is hard weather: the figures show "
        f"what a fault does, not how often one comes. Everything at its defaults, but for the "
        f"time-out of an attempt: {conditions.attempt_timeout:g} s for all. The rate fills no "
        f"contender's queue. The sidecar of azureml-ai-monitoring is closed source: a stand-in of "
        f"ours, which nobody kills. {_versions(results)}"
    )


def _versions(results: Sequence[Result]) -> str:
    versions = {name: version for each in results for name, version in each.versions.items()}
    named = "".join(f", {name} {versions[name]}" for name in sorted(versions))
    return f"Azurite {_azurite()}, Python {platform.python_version()}{named}."


def _azurite() -> str:
    package = json.loads((MAIN.parents[3] / "package.json").read_text())
    return str(package["version"])


# In the order of SINGLE.
_WHAT = {
    Kind.LOSE_ANSWER: "lost answers",
    Kind.RESET_AFTER: "resets after the append",
    Kind.RESET_BEFORE: "resets before it",
    Kind.ERROR: "503 with Retry-After",
    Kind.LATE: "append that lands 2 s after its time-out",
}


def as_markdown(results: Sequence[Result]) -> str:
    """A table for each kind of round, all seeds added up, and what was run."""
    parts = []
    for kind, what in KINDS.items():
        of_kind = [each for each in results if each.kind == kind]
        if not of_kind:
            continue
        rows = [_HEAD, ["---", *["---:"] * (len(_HEAD) - 1)], *map(_line, _by_contender(of_kind))]
        parts.append(f"{what}:\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows))
    parts.append(_versions(results))
    return "\n\n".join(parts)


def as_json(results: Sequence[Result], conditions: Conditions) -> dict[str, Any]:
    """Everything, each round by itself."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "conditions": dataclasses.asdict(conditions),
        "results": [dataclasses.asdict(each) for each in results],
    }
