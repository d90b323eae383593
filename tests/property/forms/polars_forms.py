"""Forms of polars."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any, Final

import polars as pl

from ..tables import Table, nanoseconds_of
from .pandas_forms import only_column
from .registry import form, shuffled

POLARS: Final[dict[str, Any]] = {
    "float": pl.Float64,
    "single": pl.Float32,
    "half": pl.Float16,
    "int": pl.Int64,
    "uint": pl.UInt64,
    "huge": pl.Int128,
    "bool": pl.Boolean,
    "text": pl.String,
    "category": pl.Categorical,
    "bytes": pl.Binary,
    "decimal": pl.Decimal(12, 2),
    "day": pl.Date,
    "moment": pl.Datetime("us"),
    "aware": pl.Datetime("us", "Europe/Berlin"),
    "vector": pl.List(pl.Float32),
    "struct": pl.Struct({"x": pl.Float32, "t": pl.String}),
    "uuid": pl.Object,
    "enum": pl.Object,
}


def _polars_series(name: str, kind: Any, values: tuple[Any, ...]) -> Any:
    if "nanos" in kind.name:
        ticks = [None if value is None else nanoseconds_of(value) for value in values]
        zone = "Europe/Berlin" if kind.name == "aware nanos" else None
        return pl.Series(name, ticks, dtype=pl.Int64).cast(pl.Datetime("ns", zone))
    cells = list(values)
    if kind.name == "enum":
        cells = [None if value is None else kind.cell(value) for value in values]
    if kind.name == "aware":
        cells = [None if v is None else datetime.astimezone(v, kind.cell(v).tzinfo) for v in values]
    return pl.Series(name, cells, dtype=POLARS[kind.name])


def polars_of(table: Table, random: Random) -> Any:
    if table.missing("enum"):
        return None  # polars cannot make such a column
    return pl.DataFrame(
        [_polars_series(name, *table.columns[name]) for name in shuffled(table.names, random)]
    )


@form()
def polars_frame(table: Table, random: Random) -> Any:
    return polars_of(table, random)


@form()
def polars_frames(table: Table, random: Random) -> Any:
    frame = polars_of(table, random)
    return None if frame is None else list(frame.iter_slices(1))


@form()
def polars_enum(table: Table, random: Random) -> Any:
    if not table.has("category"):
        return None
    frame = polars_of(table, random)
    if frame is None:
        return None
    words = pl.Enum(["gold", "silver", "NA", ""])
    return frame.cast({n: words for n, (k, _) in table.columns.items() if k.name == "category"})


@form(positional=True)
def polars_series(table: Table, random: Random) -> Any:
    column = None if table.missing("enum") else only_column(table)
    return None if column is None else _polars_series(random.choice(("", "p")), *column)
