"""Pieces of CSV as Arrow tables: each cell is what its bytes say, or the piece is refused. Pure.

Arrow's parser does not tell whether a cell stood in quotes: ``"007"`` would become 7, in a column
that has been of numbers so far. So the columns in which a cell is in quotes are found first
(cut.py): they must be of text. What cells look like is seen in the skeleton of the piece, in which
a cell in quotes is a quote and nothing that could be a number.

A cell that its column's type cannot hold raises :class:`Misfit`, and nothing is guessed. What the
parser would take without a word is looked for: a whole number that a float does not hold, a day
among moments.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]

from .cut import quoted_columns, skeleton, sound_rows
from .looks import Looks, looks_of

__all__ = ["BLOCK", "ColumnType", "Misfit", "Parsed", "header_of", "looks_in", "parsed"]

_BOM: Final = b"\xef\xbb\xbf"
_DAY: Final = 86_400_000_000
_EXACT: Final = pa.scalar(2.0**53)
# What Arrow parses at a time: small enough for the caches, and for memory that it has already.
BLOCK: Final = 2**20


class ColumnType(NamedTuple):
    """How a column is read. ``told``: its type was given, so that quotes are no hint."""

    type: Any
    told: bool = False


class Parsed(NamedTuple):
    """``left_out``: rows with another number of cells than the header has."""

    table: Any
    left_out: int


class Misfit(Exception):
    """A cell of some column cannot be what the column's type says. It names no cell."""


def header_of(data: bytes) -> tuple[list[str], int] | None:
    """The names of the columns and where the rows begin; None where there is no whole header."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    at = data.find(b"\n", start)
    while at >= 0 and data.count(b'"', start, at) % 2:
        at = data.find(b"\n", at + 1)
    if at < 0:
        return None
    text = data[start : at + 1].decode("utf-8", "replace")
    names = next(csv.reader(io.StringIO(text, newline="")), [])
    return (names, at + 1) if names else None


def looks_in(rows: bytes, names: Sequence[str], wanted: Sequence[str]) -> dict[str, Looks]:
    """The looks of these columns. The piece has whole rows alone."""
    if not wanted or not rows or rows.isspace():
        return {}
    columns = {name: ColumnType(pa.string()) for name in wanted}
    try:
        found = _read(skeleton(rows), names, columns, quotes=False)
    except UnicodeDecodeError:
        return looks_in(sound_rows(rows)[0], names, wanted)
    return {name: looks_of(found.table[name]) for name in wanted}


def parsed(rows: bytes, names: Sequence[str], columns: Mapping[str, ColumnType]) -> Parsed:
    """The columns that are wanted, in their types. The piece has whole rows alone; those that are
    no UTF-8 are left out. Raises Misfit."""
    try:
        return _parsed(rows, names, columns)
    except (UnicodeDecodeError, Misfit):
        # Bytes that are no text fit no number either.
        rows, left_out = sound_rows(rows)
        if not left_out:
            raise
        found = _parsed(rows, names, columns)
        return Parsed(found.table, found.left_out + left_out)


def _parsed(rows: bytes, names: Sequence[str], columns: Mapping[str, ColumnType]) -> Parsed:
    if not rows or rows.isspace():
        return Parsed(_empty(columns), 0)
    if b'"' in rows:
        quoted = quoted_columns(rows)
        for name, column in columns.items():
            if names.index(name) in quoted and not (column.told or pa.types.is_string(column.type)):
                raise Misfit("text in quotes is in a column of another type")
    found = _read(rows, names, columns, quotes=True)
    suspects = [
        name
        for name, column in columns.items()
        if not column.told and _is_suspect(found.table[name], column.type)
    ]
    for name, looks in looks_in(rows, names, suspects).items():
        floats = pa.types.is_floating(columns[name].type)
        if looks - ({"float", "int53", "negative"} if floats else {"moment", "instant"}):
            raise Misfit("a number is too large for a float, or a date is among times")
    return found


def _is_suspect(cells: Any, type_: Any) -> bool:
    """Whether a cell may have been taken for what it is not."""
    if pa.types.is_floating(type_):
        return bool(pc.any(pc.greater_equal(pc.abs(cells), _EXACT)).as_py())
    if pa.types.is_timestamp(type_):
        # Whole days are multiples of 2**13 microseconds, which most moments are not.
        moments = pc.cast(cells, pa.int64())
        few = moments.filter(pc.equal(pc.bit_wise_and(moments, 2**13 - 1), 0))
        return bool(pc.any(pc.equal(pc.multiply(pc.divide(few, _DAY), _DAY), few)).as_py())
    return False


def _read(
    rows: bytes, names: Sequence[str], columns: Mapping[str, ColumnType], *, quotes: bool
) -> Parsed:
    block = BLOCK
    left_out: list[None] | None = None
    while True:
        try:
            table = _blocks(rows, names, columns, quotes=quotes, block=block, left_out=left_out)
            return Parsed(table, len(left_out or ()))
        except pa.ArrowInvalid as error:
            problem = str(error)
        if "straddling" in problem and block < len(rows):  # a row is longer than a block
            block = len(rows)
        elif "Expected " in problem and left_out is None:  # a row of another width
            rows.decode()  # Arrow fails to name such a row where it is no UTF-8
            left_out = []
        elif "UTF8" in problem or "UTF-8" in problem:
            raise UnicodeDecodeError("utf-8", b"", 0, 0, "a cell is not valid UTF-8")
        else:
            raise Misfit("a cell does not fit its column")


def _blocks(
    rows: bytes,
    names: Sequence[str],
    columns: Mapping[str, ColumnType],
    *,
    quotes: bool,
    block: int,
    left_out: list[None] | None,
) -> Any:
    """``left_out`` gets an entry for each row of another width; None: there must be none."""
    # By place: a file of others may have two columns of a name. The first one counts.
    places = {name: str(names.index(name)) for name in columns}

    def leave_out(_: Any) -> str:
        assert left_out is not None
        left_out.append(None)
        return "skip"

    table = pacsv.read_csv(
        pa.BufferReader(rows),
        pacsv.ReadOptions(
            column_names=[str(place) for place in range(len(names))],
            block_size=max(1, min(block, len(rows))),
            use_threads=False,
        ),
        pacsv.ParseOptions(
            quote_char='"' if quotes else False,
            # Arrow cuts the piece into blocks, and must not do so within quotes.
            newlines_in_values=quotes and b'"' in rows,
            invalid_row_handler=None if left_out is None else leave_out,
        ),
        pacsv.ConvertOptions(
            include_columns=list(places.values()) or None,
            column_types={places[name]: column.type for name, column in columns.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true", "True"],
            false_values=["false", "False"],
        ),
    )
    return table.rename_columns(list(columns))


def _empty(columns: Mapping[str, ColumnType]) -> Any:
    return pa.schema([(name, column.type) for name, column in columns.items()]).empty_table()
