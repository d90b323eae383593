"""Forms of Arrow: tables, batches, streams, and what speaks its protocol."""

from __future__ import annotations

from random import Random
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from ..tables import Table
from .pandas_forms import arrow_column, only_column
from .registry import form, shuffled


def arrow_of(table: Table, random: Random) -> Any:
    columns = {n: arrow_column(*table.columns[n]) for n in shuffled(table.names, random)}
    return None if any(c is None for c in columns.values()) else pa.table(columns)


@form()
def arrow_table(table: Table, random: Random) -> Any:
    return arrow_of(table, random)


@form()
def arrow_chunks(table: Table, random: Random) -> Any:
    found = arrow_of(table, random)
    return None if found is None else pa.concat_tables([found[:1], found[1:]])


@form()
def arrow_batch(table: Table, random: Random) -> Any:
    found = arrow_of(table, random)
    return None if found is None else found.combine_chunks().to_batches()[0]


@form()
def arrow_batches(table: Table, random: Random) -> Any:
    found = arrow_of(table, random)
    return None if found is None else found.to_batches(max_chunksize=2)


@form()
def arrow_dictionaries(table: Table, random: Random) -> Any:
    found = arrow_of(table, random) if table.has("category", "text", "single") else None
    if found is None:
        return None
    for place, name in enumerate(found.column_names):
        if table.columns[name][0].name in ("category", "text", "single"):
            found = found.set_column(place, name, found.column(place).dictionary_encode())
    return found


@form()
def arrow_of_large_and_view_types(table: Table, random: Random) -> Any:
    found = arrow_of(table, random) if table.has("text", "bytes", "vector") else None
    if found is None:
        return None
    other = {
        "text": random.choice((pa.large_string(), pa.string_view())),
        "bytes": random.choice((pa.large_binary(), pa.binary_view())),
        "vector": pa.large_list(pa.float32()),
    }
    for place, name in enumerate(found.column_names):
        kind = table.columns[name][0].name
        if kind in other:
            found = found.set_column(place, name, found.column(place).cast(other[kind]))
    return found


class Speaks:
    """A table of a package that nobody knows, which speaks Arrow's C interface."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@form()
def arrow_stream(table: Table, random: Random) -> Any:
    found = arrow_of(table, random)
    return None if found is None else Speaks(found)


@form(positional=True)
def arrow_array(table: Table, random: Random) -> Any:
    column = only_column(table)
    return None if column is None else arrow_column(*column)


@form(positional=True)
def arrow_chunked_array(table: Table, random: Random) -> Any:
    column = only_column(table)
    found = None if column is None else arrow_column(*column)
    return None if found is None else pa.chunked_array([found[:1], found[1:]])


@form(positional=True)
def arrow_scalars(table: Table, random: Random) -> Any:
    columns = [arrow_column(*column) for column in table.columns.values()]
    if any(column is None for column in columns):
        return None
    return [list(row) for row in zip(*columns, strict=True)]
