"""The auditor: what processes were given and told, against what is stored. It knows nothing else.

From the processes: their journals. From the store: the blobs, read by Python's own csv. It imports
nothing of the package, so that no mistake of the package's can hide from it. The words of its
findings are those of testkit/verdict.py. Here

- *lost* are rows whose process ended in the regular way and did not say that they are gone;
- *gaps* are rows of a killed process that are not stored, though a row that was accepted later for
  the same path is, or though the process was told that they are;
- *misreported* is by how many rows a report differs from what the auditor finds.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testkit.verdict import Verdict

from .journal import COLUMNS, cells

__all__ = ["Call", "Findings", "Life", "audit", "read_journals"]

METADATA = ("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row")
_PART = re.compile(r"^(?P<path>.*/data)(?P<own>-[0-9a-f]+)?(?:[_-](?P<number>\d+))?\.csv$")

Key = tuple[str, int]


@dataclass(slots=True)
class Call:
    """One call: ``id`` is what it was told; "" where it never came back, "-" where refused."""

    rows: int
    kind: str
    place: int  # among the accepted calls of its process
    id: str = ""
    spooled: bool = False


@dataclass(slots=True, kw_only=True)
class Life:
    """One process, by its journal."""

    name: str
    calls: dict[Key, Call] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    report: dict[str, Any] | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Rows."""
        return sum(call.rows for call in self.calls.values() if len(call.id) > 1)

    @property
    def refused(self) -> int:
        """Rows."""
        return sum(call.rows for call in self.calls.values() if call.id == "-")


@dataclass(slots=True, kw_only=True)
class Findings(Verdict):
    """What the auditor found; rows, except for lives and calls."""

    lives: int = 0
    calls: int = 0
    accepted: int = 0
    refused: int = 0
    unsure: int = 0  # stored, of calls that never came back
    gone: int = 0  # accepted, not stored, as its process said, or as it was killed


def read_journals(directory: Path) -> list[Life]:
    """All lives, by the name of their file."""
    return [_read(path) for path in sorted(directory.iterdir())]


def _read(path: Path) -> Life:
    life = Life(name=path.name)
    accepted = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        word, rest = line[0], line[2:]
        if word == "B":
            producer, turn, rows, kind = rest.rsplit(" ", 3)
            assert (producer, int(turn)) not in life.calls, f"{path.name} gave {rest} twice"
            life.calls[producer, int(turn)] = Call(int(rows), kind, 0)
        elif word == "A":
            producer, turn, told = rest.rsplit(" ", 2)
            call = life.calls[producer, int(turn)]
            call.id, call.place = told, accepted
            accepted += 1
        elif word == "S":
            producer, turn = rest.rsplit(" ", 1)
            life.calls[producer, int(turn)].spooled = True
        elif word == "K":
            name, rows = rest.rsplit(" ", 1)
            life.confirmed[name] += int(rows)
        elif word == "R":
            life.report = json.loads(rest)
        else:
            life.notes.update(json.loads(rest))
    return life


def audit(
    lives: list[Life],
    blobs: dict[str, bytes],
    *,
    path_of: Callable[[str], str] | None = None,
) -> Findings:
    """Compare. A life without a report was killed, or its host did not come to its end.

    ``path_of`` gives the word in the path of a producer's stream; with it the rows of a killed
    life must be a beginning of what it accepted for the path, at least as long as confirmed. It is
    for lives in which one thread makes all calls, and in which the day does not change.
    """
    found = Findings(lives=len(lives))
    given: dict[Key, tuple[Life, Call]] = {}
    for life in lives:
        for key, call in life.calls.items():
            assert key not in given, f"{key} was given twice"
            given[key] = (life, call)
    stored = _stored(found, given, blobs)
    for life in lives:
        _judge(found, life, stored)
        if path_of is not None and life.report is None:
            _beginnings(found, life, stored, path_of)
    found.calls = len(given)
    return found


def _stored(
    found: Findings, given: dict[Key, tuple[Life, Call]], blobs: dict[str, bytes]
) -> dict[Key, set[int]]:
    """The rows that are there, by call; what is wrong with them is noted."""
    stored: dict[Key, set[int]] = defaultdict(set)
    latest: dict[tuple[str, str, str], tuple[int, int]] = {}
    for name, content in sorted(blobs.items(), key=lambda blob: _sorted_part(blob[0])):
        path = _sorted_part(name)[0]
        for where, row in _rows(found, name, content):
            producer, turn, index = row[0], int(float(row[1])), int(float(row[2]))
            if (producer, turn) not in given:
                producer = producer.removesuffix(".0")  # a producer whose name is a number
            life, call = given.get((producer, turn), (None, None))
            if life is None or call is None or call.id == "-" or not 0 <= index < call.rows:
                found.note("foreign", f"{where}: {producer} {turn} {index}")
                continue
            if index in stored[producer, turn]:
                found.note("doubled", f"{where}: {producer} {turn} {index}")
                continue
            stored[producer, turn].add(index)
            if not _same(row, cells(call.kind, producer, turn, index), index, call.id):
                found.note("altered", where)
            # Of one process: what a client gives to another one next may overtake.
            before = latest.get((life.name, producer, path), (-1, -1))
            if (turn, index) < before:
                found.note("reordered", f"{where}: {producer} {(turn, index)} after {before}")
            latest[life.name, producer, path] = max(before, (turn, index))
            found.stored += 1
            found.unsure += not call.id
    return stored


def _sorted_part(name: str) -> tuple[str, int]:
    match = _PART.match(name)
    assert match is not None, name
    return match["path"] + (match["own"] or ""), int(match["number"] or 0)


def _rows(found: Findings, name: str, content: bytes) -> Iterator[tuple[str, list[str]]]:
    if not content:
        return  # made, and its writer ended before the first append
    if not content.endswith(b"\n"):
        found.note("torn", f"{name}: no newline at its end")
    reader = csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""), strict=True)
    columns = [*COLUMNS, *METADATA]
    try:
        if next(reader) != columns:
            found.note("torn", f"{name}: its first line is not the header")
        for row in reader:
            where = f"{name}:{reader.line_num}"
            try:
                int(float(row[1])), int(float(row[2])), float(row[3])
                whole = len(row) == len(columns) and bool(row[-1]) and len(row[-2]) >= 26
            except (ValueError, IndexError):
                whole = False
            if whole:
                yield where, row
            else:
                found.note("torn", where)
    except csv.Error as error:
        found.note("torn", f"{name}: {error}")


def _same(row: list[str], expected: tuple[Any, ...], index: int, told: str) -> bool:
    *values, correlation_id, _, number = row
    for value, cell in zip(values, expected, strict=True):
        if (float(value) if isinstance(cell, float) else value) != (
            cell if isinstance(cell, float) else str(cell)
        ):
            return False
    return number == str(index) and told in ("", correlation_id)


def _judge(found: Findings, life: Life, stored: dict[Key, set[int]]) -> None:
    """One life: what it accepted, and what became of it by its own words."""
    present = sum(len(stored.get(key, ())) for key in life.calls)
    missing = spooled = unsure = 0
    for key, call in life.calls.items():
        if len(call.id) > 1:
            away = call.rows - len(stored.get(key, ()))
            missing += away
            spooled += away if call.spooled else 0
        elif not call.id:
            unsure += call.rows
    found.accepted += life.accepted
    found.refused += life.refused
    if spooled:
        found.note("lost", f"{life.name}: rows that it was told are spooled", rows=spooled)
    if life.report is None:
        found.gone += missing - spooled
        return
    report = life.report
    gone = sum(report["dropped"].values()) + sum(report["dead_lettered"].values())
    # What it is unsure of may be there or not; so may what it was never told the end of.
    most = gone + report["possibly_stored"] + report["in_spool"]
    found.note("lost", f"{life.name}: {report}", rows=max(0, missing - spooled - most))
    found.gone += min(missing - spooled, most)
    where = f"{life.name}: accepted {life.accepted}, stored {present}, {report}"
    adopted = report["adopted"]  # another life's, who is asked for them by its own journal
    own = report["accepted"] - adopted
    found.note("misreported", where, rows=_outside(own, life.accepted, unsure))
    slack = report["possibly_stored"] + report["in_spool"]
    found.note("misreported", where, rows=_outside(present, report["stored"] - adopted, slack))
    found.note("misreported", where, rows=report["in_memory"])


def _outside(value: int, low: int, room: int) -> int:
    """By how much a value is outside of low … low + room."""
    return max(low - value, value - low - room, 0)


def _beginnings(
    found: Findings, life: Life, stored: dict[Key, set[int]], path_of: Callable[[str], str]
) -> None:
    """Of a killed life: no holes, and nothing missing that was confirmed."""
    ways: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for key, call in life.calls.items():
        if len(call.id) > 1:
            there = len(stored.get(key, ()))
            ways[path_of(key[0])].append((call.place, call.rows, there))
    for word, calls in ways.items():
        ended, beginning = False, 0
        for _, rows, there in sorted(calls):
            if ended:
                found.note("gaps", f"{life.name}: stored after a hole, in {word}", rows=there)
            else:
                beginning += there
                ended = there < rows
        if any(call.spooled for call in life.calls.values()):
            continue  # what it was told to be stored were other lives' rows too
        confirmed = sum(rows for path, rows in life.confirmed.items() if f"/{word}/" in path)
        # At most one call of a life never came back, and its rows may be among the confirmed ones.
        known = sum(rows for _, rows, _ in calls)
        found.note(
            "gaps",
            f"{life.name}: {confirmed} confirmed in {word}, {beginning} stored",
            rows=max(0, min(confirmed, known) - beginning),
        )
