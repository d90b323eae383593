"""Writes values.md: what each kind of value becomes, found by writing and reading it.

    python docs/reference/values.py

Every value is frozen as collect() freezes it, written by the encoders beside a column of numbers,
and read by each library, which is given the column's type as the page says.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]
import pyarrow.json as pajson  # type: ignore[import-untyped]

from aiocollect._values.cells import Cells, kinds_of
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Piece, Schema

PAGE: Final = Path(__file__).with_name("values.md")
SCHEMA: Final = Schema(("x", "n"), ids=False)


class Told(NamedTuple):
    """The type of a column as each library is given it, and what means missing in pandas."""

    pandas: str
    polars: Any
    arrow: Any
    missing: tuple[str, ...] = ("",)


class Plan(Enum):
    """An enumeration, as users have them."""

    PREMIUM = "premium"


FLOAT: Final = Told("float64", pl.Float64, pa.float64(), ("", "NaN"))
INT: Final = Told("Int64", pl.Int64, pa.int64())
UINT: Final = Told("UInt64", pl.UInt64, pa.uint64())
BOOL: Final = Told("boolean", pl.Boolean, pa.bool_())
TEXT: Final = Told("str", pl.String, pa.string(), ())

VALUES: Final[tuple[tuple[str, Any, Told], ...]] = (
    ("`0.1`", 0.1, FLOAT),
    ("`-0.0`", -0.0, FLOAT),
    ("`1e22`", 1e22, FLOAT),
    ("`5e-324`", 5e-324, FLOAT),
    ("`math.nan`", float("nan"), FLOAT),
    ("`math.inf`", float("inf"), FLOAT),
    ("`None` among floats", None, FLOAT),
    ("`numpy.float32(0.1)`", np.float32(0.1), FLOAT),
    ("`numpy.float16(0.1)`", np.float16(0.1), FLOAT),
    ("`2**53 + 1`", 2**53 + 1, INT),
    ("`-2**63`", -(2**63), INT),
    ("`2**64 - 1`", 2**64 - 1, UINT),
    ("`None` among ints", None, INT),
    ("`2**64`, as text", 2**64, TEXT),
    ("`True`", True, BOOL),
    ("`None` among booleans", None, BOOL),
    ('`"premium"`', "premium", TEXT),
    ('`"a,b"`', "a,b", TEXT),
    ('`"two\\nlines"`', "two\nlines", TEXT),
    ('`"NA"`', "NA", TEXT),
    ('`"007"`', "007", TEXT),
    ('`"2026-01-31"`', "2026-01-31", TEXT),
    ('`""`', "", TEXT),
    ("`None` among texts", None, TEXT),
    ('`"\\ud800"`, a lone surrogate', "\ud800", TEXT),
    ('`Plan.PREMIUM`, an Enum of `"premium"`', Plan.PREMIUM, TEXT),
    ('`Decimal("1.10")`', Decimal("1.10"), TEXT),
    ("`datetime`, naive", datetime(2026, 1, 31, 23, 59, 58), TEXT),
    ("`datetime`, aware", datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC), TEXT),
    (
        "`pandas.Timestamp`, nanoseconds",
        pd.Timestamp("2026-01-31T23:59:58.123456789"),
        TEXT,
    ),
    ('`numpy.datetime64("2026-01")`', np.datetime64("2026-01"), TEXT),
    ("`date`", date(2026, 1, 31), TEXT),
    ("`UUID`", UUID(int=7), TEXT),
    ('`b"\\xff\\xfe"`', b"\xff\xfe", TEXT),
    ('`[1, None, "a"]`', [1, None, "a"], TEXT),
    ('`{"a": 1.5}`', {"a": 1.5}, TEXT),
)

HEAD: Final = """# Values

What each kind of value becomes. Written by `python docs/reference/values.py`, which writes each
value with a missing cell below it in the same column, and reads it again. The encoders' docstrings
have the rules.

## Columns and rows

Columns are matched by name, whatever class of text their labels are, bytes too: in dicts, named
tuples, dataclasses, attrs, msgspec and pydantic objects, database rows, numpy records, rows of a
frame, tables of pandas, polars and Arrow, and lists of these. Values without names are matched by
order. Labels that are not text, numbers, dates or tuples are refused.

The index of a pandas frame or Series is never recorded. A Series is a column if the stream has one
column; otherwise it is a row, by the names in its index. A Series or array whose elements are all
records or lists (structs, maps, dicts, tuples) is read as rows, as a list of them is, and refused
if one of them is missing as a whole. In a stream of one column they are its cells.

- Missing are `None`, `NA`, `NaT`, masked cells, and null. `NaN` is missing, too, in a column that
  holds text or anything else that is not a number, in this call or in an earlier one by name or of
  many rows: that is how pandas passes missing text, also in `to_dict("records")`. A single list is
  recorded as it is.
- A float32 or float16 keeps its own digits, nested or not. A moment keeps all of its digits, as
  text if a datetime has no place for them; one whose unit is months or years is a day. Years
  outside 1 to 9999 are refused, and so are durations, times of day, periods and intervals; the
  message names the column.

`$aml_dc_row` is the index of a row within its call. Under one `correlation()` the calls of a stream
continue counting, so inputs and predictions are joined by id and row, one to one, in however many
calls they came. The streams of a `model()` pair row by row in each call. A label that comes later
says which row it belongs to:

<!-- invisible-code-block: python
import csv
import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
from pyarrow.csv import ConvertOptions

inputs = pipeline.collector("values", feature_names=["age", "plan"])
labels = pipeline.collector("values", identifier="labels", feature_names=["churned"])
rows = [[41.0, "gold"], [7.0, "basic"], [23.0, ""]]
frame = pd.DataFrame(rows, columns=["age", "plan"])
-->

```python
scored = inputs.collect(rows)
labels.collect([1.0], correlation_id=scored, row=2)
```

A call above `limits.max_call_bytes` is refused before it is walked. A larger table is given in
pieces, under one id:

```python
await inputs.acollect_pieces(frame, progress=lambda done, total: print(done, total))
```

## Reading

`aiocollect.read()` does all of this by itself ([reading.md](../how-to/reading.md)). With other
readers, give them the types of your columns when they read CSV; then it does not matter whether
text was in quotes:

<!-- invisible-code-block: python
from pyarrow.csv import ParseOptions

path = "values.csv"
Path(path).write_text('age,plan\\n41.0,gold\\n,""\\n')
-->

```python
with open(path, newline="", encoding="utf-8") as file:
    rows = list(csv.reader(file))

pd.read_csv(
    path,
    dtype={"age": "float64", "plan": "str"},
    keep_default_na=False,
    na_values={"age": ["", "NaN"]},
)

pl.read_csv(path, schema_overrides={"age": pl.Float64, "plan": pl.String})

pyarrow.csv.read_csv(
    path,
    parse_options=ParseOptions(newlines_in_values=True),
    convert_options=ConvertOptions(
        column_types={"age": pa.float64(), "plan": pa.string()},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    ),
)
```

In pandas, whole numbers with missing cells are `"Int64"`, with `na_values` `[""]`. It cannot tell a
missing cell from NaN among floats, nor from empty text; polars and pyarrow can. polars leaves
quotes in a column's name doubled (pola-rs/polars#20294).

Read JSONL:

<!-- invisible-code-block: python
from pyarrow.json import ParseOptions

path = "values.jsonl"
Path(path).write_text('{"age":41.0,"plan":"gold"}\\n{"age":null,"plan":""}\\n')
-->

```python
with open(path, encoding="utf-8") as file:
    rows = list(map(json.loads, file))

pd.DataFrame(rows, dtype=object)

pl.read_ndjson(path, schema={"age": pl.Float64, "plan": pl.String})

pyarrow.json.read_json(
    path,
    parse_options=ParseOptions(
        explicit_schema=pa.schema({"age": pa.float64(), "plan": pa.string()}),
        unexpected_field_behavior="ignore",
    ),
)
```

`pd.read_json(path, lines=True, dtype=False)` rounds fractions, and whole numbers with a missing
cell among them. For polars, a column of floats that has a NaN or an infinity is `pl.String`, then
`.with_columns(pl.col("age").cast(pl.Float64))`; pyarrow refuses such a column. Below, Decimal,
moments, UUID, base64 and nested values were read as text.
"""


def shown(read: Callable[[], Any]) -> str:
    """What a reader finds, as Python writes it; or that it refuses."""
    try:
        found = read()
    except Exception as error:  # each library has its own
        return f"refuses: {type(error).__name__}"
    return code("None" if found is None else "<NA>" if found is pd.NA else ascii(found))


def code(text: str) -> str:
    """Text in a table, as code."""
    return "`" + text.replace("|", "\\|").replace("\n", "⏎") + "`" if text else "nothing"


def rows_of(value: Any, told: Told) -> tuple[list[str], list[str]]:
    """What follows a value in the table of CSV, and in that of JSONL."""
    row, _ = Cells("values", media=False).row((value, 1), kinds_of((value, 1)))
    # With a missing cell below: some readers change the whole column for it.
    pieces = [Piece((row, (None, 1)), "an id", "2026-01-31T00:00:00.000000", 0)]
    encoder = CsvEncoder()
    line, below = encoder.encode(pieces, SCHEMA)
    data = encoder.header(SCHEMA) + line + below
    json_line, json_below = JsonlEncoder().encode(pieces, SCHEMA)
    json_data = json_line + json_below
    in_csv = [
        code(line.decode().removesuffix(",1\n")),
        shown(lambda: list(csv.reader(io.StringIO(data.decode(), newline="")))[1][0]),
        shown(
            lambda: pd.read_csv(
                io.BytesIO(data),
                dtype={"x": told.pandas},
                keep_default_na=False,
                na_values={"x": list(told.missing)},
            )["x"].tolist()[0]
        ),
        shown(lambda: pl.read_csv(data, schema_overrides={"x": told.polars})["x"].to_list()[0]),
        shown(
            lambda: pacsv.read_csv(
                io.BytesIO(data),
                parse_options=pacsv.ParseOptions(newlines_in_values=True),
                convert_options=pacsv.ConvertOptions(
                    column_types={"x": told.arrow},
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )["x"].to_pylist()[0]
        ),
    ]
    in_jsonl = [
        code(json_line.decode().removeprefix('{"x":').removesuffix(',"n":1}\n')),
        shown(lambda: json.loads(json_line)["x"]),
        shown(
            lambda: pd.DataFrame(map(json.loads, json_data.splitlines()), dtype=object)[
                "x"
            ].tolist()[0]
        ),
        shown(
            lambda: pd.read_json(io.BytesIO(json_data), lines=True, dtype=False)["x"].tolist()[0]
        ),
        shown(lambda: pl.read_ndjson(json_data, schema={"x": told.polars})["x"].to_list()[0]),
        shown(
            lambda: pajson.read_json(
                io.BytesIO(json_data),
                parse_options=pajson.ParseOptions(
                    explicit_schema=pa.schema({"x": told.arrow}),
                    unexpected_field_behavior="ignore",
                ),
            )["x"].to_pylist()[0]
        ),
    ]
    return in_csv, in_jsonl


def page() -> str:
    """The whole page."""
    tables = (
        ("CSV", ("csv", "pandas", "polars", "pyarrow")),
        ("JSONL", ("json", "pandas.DataFrame", "pandas.read_json", "polars", "pyarrow")),
    )
    rows = [(given, rows_of(value, told)) for given, value, told in VALUES]
    lines = [HEAD]
    for at, (name, readers) in enumerate(tables):
        lines += [f"## {name}", ""]
        lines.append(f"| given | written | {' | '.join(readers)} |")
        lines.append("|---" * (len(readers) + 2) + "|")
        lines += [f"| {given} | {' | '.join(cells[at])} |" for given, cells in rows]
        lines.append("")
    versions = f"pandas {pd.__version__}, polars {pl.__version__}, pyarrow {pa.__version__}"
    lines.append(f"Read by {versions}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
