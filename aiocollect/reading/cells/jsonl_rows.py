"""Pieces of JSON Lines as Arrow tables. Pure, over orjson and Arrow.

JSON says itself what a cell is. ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` stand for what JSON
has no words for: among numbers they are floats, elsewhere the texts that they are. Lists and
objects become their JSON. A line that is no object is left out, and counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]

from .csv_rows import ColumnType, Misfit, Parsed
from .looks import PROSE, Looks, looks_of_quoted
from .mdc_rows import exploded

__all__ = ["Lines", "lines_in", "lines_table"]

_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_EXACT: Final = 2**53


class Lines:
    """The objects of a piece, and how many lines are none."""

    def __init__(self, rows: list[dict[str, Any]], left_out: int) -> None:
        self.rows = rows
        self.left_out = left_out
        self.names = list(dict.fromkeys(name for row in rows for name in row))

    def __repr__(self) -> str:
        return f"<Lines: {len(self.rows)} rows, {self.left_out} left out>"

    def looks(self, wanted: Sequence[str]) -> dict[str, Looks]:
        """The looks of these columns."""
        return {name: _looks([row.get(name) for row in self.rows]) for name in wanted}


def lines_in(rows: bytes, form: str) -> Lines:
    """The rows of a piece; it has whole lines alone. ``form``: "jsonl", where a line is a row, or
    "mdc", where it is a record of several."""
    lines = _objects_in(rows)
    if form == "mdc":
        exploded_, left_out = exploded(lines.rows)
        return Lines(exploded_, lines.left_out + left_out)
    return lines


def _objects_in(rows: bytes) -> Lines:
    lines = [line for line in rows.split(b"\n") if line.strip()]
    try:
        found = orjson.loads(b"[" + b",".join(lines) + b"]")
        if len(found) == len(lines) and all(type(row) is dict for row in found):
            return Lines(found, 0)
    except ValueError:
        pass
    sound = []
    for line in lines:
        try:
            row = orjson.loads(line)
        except ValueError:
            continue
        if type(row) is dict:
            sound.append(row)
    return Lines(sound, len(lines) - len(sound))


def lines_table(lines: Lines, columns: Mapping[str, ColumnType]) -> Parsed:
    """The columns that are wanted, in their types. Raises Misfit."""
    arrays = [
        _array([row.get(name) for row in lines.rows], column) for name, column in columns.items()
    ]
    schema = pa.schema([(name, column.type) for name, column in columns.items()])
    return Parsed(pa.Table.from_arrays(arrays, schema=schema), lines.left_out)


def _looks(cells: list[Any]) -> Looks:
    kinds = set(map(type, cells))
    looks = set()
    if bool in kinds:
        looks.add("bool")
    if float in kinds:
        looks.add("float")
    if int in kinds:
        whole = [cell for cell in cells if type(cell) is int]
        low, high = min(whole), max(whole)
        looks |= {"negative"} if low < 0 else set()
        if low >= -_EXACT and high <= _EXACT:
            looks.add("int53")
        else:
            looks.add("int64" if high < 2**63 else "uint64")
    if str in kinds:
        texts = [cell for cell in cells if type(cell) is str]
        if all(text in _WORDS for text in texts):
            looks.add("word")
        else:
            looks |= looks_of_quoted(texts)
    if kinds & {list, dict}:
        looks |= PROSE
    return frozenset(looks)


def _array(cells: list[Any], column: ColumnType) -> Any:
    type_ = column.type
    if pa.types.is_string(type_):
        return pa.array([_text(cell) for cell in cells], type_)
    if pa.types.is_floating(type_):
        cells = [_WORDS.get(cell, cell) if type(cell) is str else cell for cell in cells]
    kinds = set(map(type, cells)) - {type(None)}
    if not column.told and not kinds <= _kinds_of(type_):
        raise Misfit("a cell does not fit its column")
    try:
        if kinds == {str}:  # a told type, or a moment: as in CSV
            return pa.array(cells, pa.string()).cast(type_)
        return pa.array(cells, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError):
        raise Misfit("a cell does not fit its column") from None


def _kinds_of(type_: Any) -> set[type]:
    if pa.types.is_null(type_):
        return set()
    if pa.types.is_boolean(type_):
        return {bool}
    if pa.types.is_temporal(type_):
        return {str}
    if pa.types.is_floating(type_):
        return {int, float}
    return {int}


def _text(cell: Any) -> str | None:
    if cell is None or type(cell) is str:
        return cell
    return orjson.dumps(cell).decode()
