"""The ids in some rows of a part: for findings, which name the rows on both sides. Pure."""

from __future__ import annotations

import csv
import io
from typing import Final, NamedTuple

import orjson

from ...typing import METADATA

__all__ = ["RowIds", "header_of_part", "ids_in"]

ID: Final = METADATA[0]


class RowIds(NamedTuple):
    """``sound``: all of it are rows of these columns."""

    ids: list[str]
    sound: bool


def header_of_part(head: bytes) -> list[str] | None:
    """The columns of a CSV part, from its first bytes; None where that is no whole line."""
    end = head.find(b"\n")
    text = head[: end + 1].decode("utf-8", "replace")
    if end < 0:
        return None
    try:
        return next(csv.reader(io.StringIO(text, newline="")), None)
    except csv.Error:
        return None


def ids_in(data: bytes, names: list[str] | None) -> RowIds:
    """The ids of the rows in ``data``, which begins with a row. ``names``: the columns; None: the
    rows are JSON. What is cut off at the end is left out."""
    end = data.rfind(b"\n") + 1
    whole = end == len(data)
    try:
        if names is None:
            rows = [orjson.loads(line) for line in data[:end].splitlines()]
            found = [str(row.get(ID, "")) for row in rows]
            return RowIds(found, whole and all(found))
        if ID not in names:
            return RowIds([], whole)
        at = names.index(ID)
        cells = list(csv.reader(io.StringIO(data[:end].decode("utf-8"), newline="")))
        if not whole and cells and len(cells[-1]) != len(names):
            cells.pop()  # cut within a cell of several lines
        sound = all(len(row) == len(names) and row[at] for row in cells)
        return RowIds([row[at] for row in cells if len(row) > at], sound and bool(cells))
    except (ValueError, AttributeError, csv.Error):
        return RowIds([], False)
