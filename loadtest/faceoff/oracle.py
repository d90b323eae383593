"""The oracle: what was offered and told, against the stored bytes. It knows nothing else.

It imports no contender and no storage library; each form of line has a reader of its own, by
Python's json and csv. Its findings have the words of testkit/verdict.py. Here

- *torn* is also a line that is not a row as it was offered;
- *unclaimed* rows are stored, and their producer was told of a failure or never heard: no fault.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testkit.verdict import Verdict

from .rows import COLUMNS, LedgerContent, make_row

__all__ = ["READERS", "ContenderVerdict", "Reader", "judge"]

Row = dict[str, Any]
# The lines of one blob as rows; None for a line that is none.
Reader = Callable[[bytes], Iterator[Row | None]]


@dataclass(slots=True, kw_only=True)
class ContenderVerdict(Verdict):
    """What the oracle found, in rows; torn in lines."""

    offered: int = 0
    accepted: int = 0
    refused: int = 0
    unclaimed: int = 0
    longest_call: float = 0.0  # seconds


def judge(
    blobs: Mapping[str, bytes], told: Mapping[str, LedgerContent], *, seed: int, reader: Reader
) -> ContenderVerdict:
    """Compare the blobs of one contender with what its producers (one for each life) were told."""
    verdict = ContenderVerdict(
        offered=sum(len(one.offered) for one in told.values()),
        accepted=sum(len(one.accepted) for one in told.values()),
        refused=sum(len(one.refused) for one in told.values()),
        longest_call=max((one.longest for one in told.values()), default=0.0),
    )
    stored: dict[str, set[int]] = {producer: set() for producer in told}
    latest = dict.fromkeys(told, -1)
    for name in sorted(blobs, key=_by_number):
        for row in reader(blobs[name]):
            if row is None or not _offered(row, told, seed):
                verdict.note("torn", name)
                continue
            producer, seq = row["producer"], int(row["seq"])
            if seq in stored[producer]:
                verdict.note("doubled", row["id"])
                continue
            stored[producer].add(seq)
            if seq < latest[producer]:
                verdict.note("reordered", row["id"])
            latest[producer] = max(seq, latest[producer])
    for producer, one in told.items():
        there = stored[producer]
        verdict.stored += len(there)
        verdict.unclaimed += len(there - one.accepted)
        for seq in sorted(one.accepted - there):
            verdict.note("lost", f"{producer}-{seq:06d}")
    return verdict


def _by_number(name: str) -> tuple[str | int, ...]:
    """data.csv, data_1.csv, data_2.csv, …, data_10.csv: in the order in which they were begun."""
    stem = name.removesuffix(".csv").removesuffix(".jsonl")
    numbered = re.fullmatch(r"(.*)_(\d+)", stem)
    return (numbered[1], int(numbered[2])) if numbered else (stem, 0)


def _offered(row: Row, told: Mapping[str, LedgerContent], seed: int) -> bool:
    """Whether a row is one that was offered, as it was offered."""
    producer, seq = row["producer"], str(row["seq"])
    if not isinstance(producer, str) or producer not in told:
        return False
    if not seq.isascii() or not seq.isdecimal():
        return False
    whole = make_row(seed, producer, int(seq))
    return int(seq) in told[producer].offered and all(
        str(row[column]) == str(whole[column]) for column in COLUMNS
    )


# Readers ------------------------------------------------------------------------------------------


def _lines(data: bytes) -> Iterator[str | None]:
    """The lines of a blob; None for the last one where it does not end in a newline."""
    *whole, rest = data.split(b"\n")
    for line in whole:
        yield line.decode("utf-8", errors="replace")
    if rest:
        yield None


def _objects(data: bytes) -> Iterator[Row | None]:
    """One JSON object a line."""
    for line in _lines(data):
        try:
            found = None if line is None else json.loads(line)
        except ValueError:
            found = None
        yield found if isinstance(found, dict) else None


def _jsonl(data: bytes) -> Iterator[Row | None]:
    for found in _objects(data):
        yield found if found is not None and set(found) == set(COLUMNS) else None


def _envelopes(data: bytes) -> Iterator[Row | None]:
    """One record a line, whose ``data`` is a list of rows, as Azure ML's collected data has it."""
    for found in _objects(data):
        rows = None if found is None else found.get("data")
        if not isinstance(rows, list) or not rows:
            yield None
            continue
        for row in rows:
            yield row if isinstance(row, dict) and set(row) == set(COLUMNS) else None


def _csv(data: bytes) -> Iterator[Row | None]:
    """A header, and rows that begin with our columns; what stands behind them is the writer's."""
    width = None
    for line in _lines(data):
        try:
            cells = [] if line is None else next(csv.reader([line], strict=True), [])
        except csv.Error:
            cells = []
        if width is None:
            width = len(cells)
            if tuple(cells[: len(COLUMNS)]) != COLUMNS:
                yield None  # not the header
        elif len(cells) != width:
            yield None
        else:
            yield dict(zip(COLUMNS, cells, strict=False))


READERS: Mapping[str, Reader] = {"jsonl": _jsonl, "envelopes": _envelopes, "csv": _csv}
