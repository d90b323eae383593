"""Other readers, each told all that it can be told, so that it gives the same rows as ours.

A side is one call, from the path of a CSV file to an Arrow table; polars' and duckdb's tables share
memory with what they read, so turning them into Arrow's costs next to nothing.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]

from aiocollect.typing import METADATA

__all__ = ["Different", "by_arrow", "by_duckdb", "by_polars", "check", "has_duckdb"]

ID, TIME, ROW = METADATA
_UTC = pa.timestamp("us", "UTC")
_DUCKDB = {
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    _UTC: "TIMESTAMPTZ",
}


class Different(AssertionError):
    """A side's rows are not those that were written."""


def has_duckdb() -> bool:
    """Whether duckdb is installed; it is in no lock of this project."""
    return importlib.util.find_spec("duckdb") is not None


def by_arrow(data: str | bytes, types: dict[str, Any]) -> Any:
    """pyarrow.csv with all types told, as it is told in docs/reference/values.md."""
    table = pacsv.read_csv(
        pa.BufferReader(data) if isinstance(data, bytes) else data,
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={**types, ID: pa.string(), TIME: pa.timestamp("us"), ROW: pa.int64()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    at = table.column_names.index(TIME)
    return table.set_column(at, pa.field(TIME, _UTC), table[TIME].cast(_UTC))


def by_polars(path: str, types: dict[str, Any]) -> Any:
    """polars.scan_csv with all types told; moments with an offset it reads as text, then casts."""
    import polars as pl

    kinds = {pa.float64(): pl.Float64, pa.int64(): pl.Int64, pa.bool_(): pl.Boolean}
    schema = {name: kinds.get(type_, pl.String) for name, type_ in types.items()}
    moments = [name for name, type_ in types.items() if type_ == _UTC]
    frame = pl.scan_csv(path, schema={**schema, ID: pl.String, TIME: pl.String, ROW: pl.Int64})
    frame = frame.with_columns(
        *(pl.col(name).str.to_datetime("%+", time_unit="us", time_zone="UTC") for name in moments),
        pl.col(TIME).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone="UTC"),
    )
    return frame.collect().to_arrow()


def by_duckdb(path: str, types: dict[str, Any]) -> Any:
    """duckdb's read_csv with the dialect and all types told."""
    import duckdb  # type: ignore[import-not-found, unused-ignore]

    every = {**types, ID: pa.string(), TIME: _UTC, ROW: pa.int64()}
    columns = ", ".join(f"'{name}': '{_DUCKDB[type_]}'" for name, type_ in every.items())
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.sql(
            f"from read_csv('{path}', columns = {{{columns}}}, header = true, auto_detect = false, "
            "delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false)"
        ).to_arrow_table()


def check(side: str, found: Any, want: Any) -> None:
    """Raises Different where the columns that were given are not the same, cell by cell."""
    if found.num_rows != want.num_rows:
        raise Different(f"{side}: {found.num_rows} rows of {want.num_rows}")
    for field in want.schema:
        cells = found[field.name].cast(field.type).combine_chunks()
        if not cells.equals(want[field.name].combine_chunks()):
            raise Different(f"{side}: column {field.name}")
