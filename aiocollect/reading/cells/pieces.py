"""Whole rows of one part, in whatever format: what columns they have, and what cells. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa  # type: ignore[import-untyped]

from ...typing import METADATA
from .csv_rows import ColumnType, Parsed, looks_in, parsed
from .jsonl_rows import lines_in, lines_table
from .looks import Looks

__all__ = ["RawRows", "piece_of", "timed"]

_, TIME, _ = METADATA


class RawRows(Protocol):
    """Rows that were not looked at yet. ``in_json``: moments and days are in quotes there."""

    in_json: bool

    @property
    def names(self) -> Sequence[str]:
        """Their columns, each once."""
        ...

    def looks(self, wanted: Sequence[str]) -> dict[str, Looks]:
        """What the cells of these columns are like."""
        ...

    def table(self, columns: Mapping[str, ColumnType]) -> Parsed:
        """These columns in their types. Raises Misfit."""
        ...


class _Csv:
    in_json = False

    def __init__(self, header: Sequence[str], rows: bytes) -> None:
        self.names = tuple(dict.fromkeys(header))
        self._header = header
        self._rows = rows

    def looks(self, wanted: Sequence[str]) -> dict[str, Looks]:
        return looks_in(self._rows, self._header, wanted)

    def table(self, columns: Mapping[str, ColumnType]) -> Parsed:
        return parsed(self._rows, self._header, columns)


class _Json:
    in_json = True

    def __init__(self, rows: bytes, form: str) -> None:
        self._lines = lines_in(rows, form)
        self.names = tuple(self._lines.names)

    def looks(self, wanted: Sequence[str]) -> dict[str, Looks]:
        return self._lines.looks(wanted)

    def table(self, columns: Mapping[str, ColumnType]) -> Parsed:
        return lines_table(self._lines, columns)


def piece_of(form: str, header: Sequence[str], rows: bytes) -> RawRows:
    """Whole rows of a format; ``header``: the columns of a CSV."""
    return _Csv(header, rows) if form == "csv" else _Json(rows, form)


def timed(table: Any) -> Any:
    """The time with its zone: it is UTC, and the files do not say so."""
    if TIME in table.column_names:
        at = table.column_names.index(TIME)
        if table.schema.field(at).type == pa.timestamp("us"):
            field = pa.field(TIME, pa.timestamp("us", "UTC"))
            table = table.set_column(at, field, table[TIME].cast(field.type))
    return table
