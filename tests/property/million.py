"""A million adversarial rows, written and read back; the long form of test_million.py.

    python -m tests.property.million --rows 1000000 --seed 0

The adversary (adversary.py) makes the files from a seed. Every one of them is then read:

- Python's csv finds exactly the texts; the reference parser (reference.py) finds every value, type
  and missing cell, by the look alone and again with the column's type told; the same for JSONL.
- pandas, polars and pyarrow find the rows, the texts, and every number to the last bit. Left out:
  in CSV pandas has what is missing in a column of floats as NaN, and in a column of text as empty
  text, and polars leaves quotes in a column's name doubled; in JSONL pandas reads no fraction
  exactly (it does a column of integers without missing cells, which is compared), and pyarrow
  refuses a column of numbers with a NaN or an infinity, which polars has to read as text and to
  cast. Integers beyond 64 bits are numbers to none of them.

Prints one line of counts. Exits 1 with the first difference.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]
import pyarrow.json as pajson  # type: ignore[import-untyped]

from aiocollect.typing import METADATA

from .adversary import PLANS, DifferenceError, File, Maker, Plan, make_files
from .reference import (
    bare,
    clean,
    could_be_more,
    key,
    lines_of,
    plain,
    seen,
    table_of,
    told,
)


def agree(what: str, wanted: Sequence[Any], found: Sequence[Any]) -> int:
    """DifferenceError, naming the first, where two columns are not the same; their length."""
    if wanted != found:
        if len(wanted) != len(found):
            raise DifferenceError(f"{what}: {len(found)} rows instead of {len(wanted)}")
        at = next(i for i, pair in enumerate(zip(wanted, found, strict=True)) if pair[0] != pair[1])
        raise DifferenceError(
            f"{what}: row {at}: {found[at]!a:.300} instead of {wanted[at]!a:.300}"
        )
    return len(wanted)


def keys(column: Iterable[Any]) -> list[Any]:
    """A column so that equal means the same type and value."""
    return list(map(key, column))


def appearance(cell: Any) -> Any:
    """What a CSV cell is seen as by its look alone, by reference.py's docstring."""
    kind = type(cell)
    if kind is str:
        return clean(cell)
    if kind is Decimal:
        if not cell.is_finite():
            return float("nan" if cell.is_nan() else cell)
        digits = not (set(str(cell)) & set(".E"))
        return int(cell) if digits else float(cell)
    if kind is UUID or kind is bytes:
        return plain(cell)
    return cell


def check_csv(file: File) -> Counter[str]:
    """Read a CSV file in every way; what was compared."""
    data = file.header + b"".join(file.lines)
    names = names_of(file.plan)
    columns = list(zip(*file.rows, strict=True))
    fields = table_of(data, len(names))
    agree("the header", [clean(name) for name in names], [bare(column[0]) for column in fields])
    agree("the header's look", keys(map(clean, names)), keys(seen(column[0]) for column in fields))
    counts: Counter[str] = Counter(rows=len(file.rows), bytes=len(data))
    for name, column, raw in zip(names, columns, fields, strict=True):
        del raw[0]
        where = f"CSV, {name!a}"
        for cell, field in zip(column, raw, strict=True):
            kind = type(cell)
            if kind is tuple or kind is dict:
                # The order of an object's names and every digit count, the JSON's form does not.
                wanted, look = plain(cell, longest=None), str
                if type(seen(field)) is not look:
                    raise DifferenceError(f"{where}: {field!a:.300} is not seen as text")
            else:
                wanted = clean(cell) if kind is str else cell
                missing = cell is None and len(names) > 1
                by_look = "" if cell is None and not missing else appearance(cell)
                if key(seen(field)) != key(by_look):
                    raise DifferenceError(
                        f"{where}: {field!a:.300} is seen instead of {cell!a:.300}"
                    )
                if kind is str and field[:1] != '"' and could_be_more(field):
                    raise DifferenceError(f"{where}: {field!a:.300} should be in quotes")
                if cell is None:
                    continue
            if key(told(field, kind)) != key(wanted):
                raise DifferenceError(f"{where}: {field!a:.300} is told instead of {cell!a:.300}")
        counts["cells"] += len(column)
    texts = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    next(texts)
    by_python = list(zip(*texts, strict=True))
    for name, column, raw, read in zip(names, columns, fields, by_python, strict=True):
        agree(f"Python's csv, {name!a}", [bare(field) for field in raw], list(read))
        agree(
            f"Python's csv, {name!a}, texts",
            [clean(cell) for cell in column if type(cell) is str],
            [text for text, cell in zip(read, column, strict=True) if type(cell) is str],
        )
    counts += check_frames("CSV", dict(zip(names, columns, strict=True)), csv_frames(data, names))
    return counts


def check_jsonl(file: File) -> Counter[str]:
    """Read a JSONL file in every way; what was compared."""
    data = b"".join(file.lines)
    names = names_of(file.plan)
    if file.header or len(file.lines) != data.count(b"\n"):
        raise DifferenceError("JSONL: there are not as many lines as rows")
    rows = lines_of(data)
    wanted_names = tuple(map(clean, names))
    for at, (row, found) in enumerate(zip(file.rows, rows, strict=True)):
        if tuple([name for name, _ in found]) != wanted_names:
            raise DifferenceError(f"JSONL: row {at} has the names {[name for name, _ in found]!a}")
        for name, cell, (_, value) in zip(names, row, found, strict=True):
            if key(plain(cell)) != key(value):
                raise DifferenceError(
                    f"JSONL, {name!a}: row {at}: {value!a:.300} instead of {cell!a:.300}"
                )
    counts = Counter(rows=len(rows), bytes=len(data), cells=len(rows) * len(names))
    columns = dict(zip(names, zip(*file.rows, strict=True), strict=True))
    return counts + check_frames("JSONL", columns, jsonl_frames(data, names))


def names_of(plan: Plan) -> tuple[str, ...]:
    """The names of all columns."""
    constants = tuple(name for name, _ in plan.constants)
    return plan.features + (METADATA if plan.ids else ()) + constants


def check_frames(
    what: str, columns: dict[str, tuple[Any, ...]], frames: dict[str, dict[str, list[Any]]]
) -> Counter[str]:
    """Compare what the libraries read, column by column."""
    counts: Counter[str] = Counter()
    for library, frame in frames.items():
        for name, found in frame.items():
            wanted: list[Any] = list(columns[name])
            if name.startswith("text"):
                wanted = [None if cell is None else clean(cell) for cell in wanted]
            if (library, what) == ("pandas", "CSV"):
                if name.startswith("text"):
                    wanted = [cell or "" for cell in wanted]
                elif name in ("floats", "finite"):
                    wanted = [math.nan if cell is None else cell for cell in wanted]
            where = f"{library}, {what}, {name!a}"
            counts[f"{library} cells"] += agree(where, keys(wanted), keys(found))
    return counts


_POLARS: Final[dict[str, Any]] = {
    "floats": pl.Float64,
    "finite": pl.Float64,
    "int64": pl.Int64,
    "count": pl.Int64,
    "uint64": pl.UInt64,
    METADATA[2]: pl.Int64,
}
_ARROW: Final[dict[str, Any]] = {
    "floats": pa.float64(),
    "finite": pa.float64(),
    "int64": pa.int64(),
    "count": pa.int64(),
    "uint64": pa.uint64(),
    METADATA[2]: pa.int64(),
}
_PANDAS: Final = {
    "floats": "float64",
    "finite": "float64",
    "int64": "Int64",
    "count": "int64",
    "uint64": "UInt64",
    METADATA[2]: "int64",
}


def compared(names: Iterable[str]) -> list[str]:
    """The columns that every library has a type for."""
    return [name for name in names if name in _POLARS or name.startswith("text")]


def csv_frames(data: bytes, names: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """The columns as the libraries read them from CSV, every type told; other columns are text."""
    some = compared(names)
    missing = {name: ["", "NaN"] if name == "floats" else [""] for name in some if name in _PANDAS}
    by_pandas = pd.read_csv(
        io.BytesIO(data),
        dtype={name: _PANDAS.get(name, "str") for name in names},
        keep_default_na=False,
        na_values=missing,
        lineterminator="\n",
        skip_blank_lines=False,
    )
    # polars leaves quotes in a name doubled: https://github.com/pola-rs/polars/issues/20294
    doubled = {name: name.replace('"', '""') for name in names}
    by_polars = pl.read_csv(
        data, schema_overrides={doubled[name]: _POLARS.get(name, pl.String) for name in names}
    )
    by_arrow = pacsv.read_csv(
        io.BytesIO(data),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={name: _ARROW.get(name, pa.string()) for name in names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    _count_rows(data, len(by_pandas), by_polars.height, by_arrow.num_rows)
    return {
        "pandas": {name: _listed(by_pandas[name]) for name in some},
        "polars": {name: by_polars[doubled[name]].to_list() for name in some},
        "pyarrow": {name: by_arrow[name].to_pylist() for name in some},
    }


def jsonl_frames(data: bytes, names: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """The columns as the libraries read them from JSONL, the types told where one can."""
    some = compared(names)
    by_pandas = pd.read_json(io.BytesIO(data), lines=True, dtype=False)
    schema = {name: _POLARS.get(name, pl.String) for name in some}
    if "floats" in schema:
        schema["floats"] = pl.String
    found: dict[str, dict[str, list[Any]]] = {
        "pandas": {
            name: _listed(by_pandas[name]) for name in some if name in ("count", METADATA[2])
        }
    }
    heights = [len(by_pandas)]
    if schema:
        by_polars = pl.read_ndjson(data, schema=schema)
        if "floats" in schema:
            by_polars = by_polars.with_columns(pl.col("floats").cast(pl.Float64))
        types = [(name, _ARROW.get(name, pa.string())) for name in some if name != "floats"]
        by_arrow = pajson.read_json(
            io.BytesIO(data),
            parse_options=pajson.ParseOptions(
                explicit_schema=pa.schema(types), unexpected_field_behavior="ignore"
            ),
        )
        heights += [by_polars.height, by_arrow.num_rows]
        found["polars"] = {name: by_polars[name].to_list() for name in some}
        found["pyarrow"] = {name: by_arrow[name].to_pylist() for name, _ in types}
    agree("JSONL, rows", [data.count(b"\n")] * len(heights), heights)
    return found


def _listed(column: Any) -> list[Any]:
    """A pandas column as Python's values; of its extension types missing is None."""
    if str(column.dtype) in ("Int64", "UInt64"):
        return [None if cell is pd.NA else int(cell) for cell in column]
    return list(column.tolist())


def _count_rows(data: bytes, *heights: int) -> None:
    wanted = len(list(csv.reader(io.StringIO(data.decode(), newline="")))) - 1
    agree("CSV, rows", [wanted] * len(heights), list(heights))


def run(rows: int, seed: int, *, rows_per_file: int) -> Counter[str]:
    """Write and read so many rows; what was compared. DifferenceError for what is not the same."""
    counts: Counter[str] = Counter()
    number = 0
    while rows:
        count = min(rows, rows_per_file)
        plan = PLANS[number % len(PLANS)]
        # Each file has a seed of its own, so that a difference can be found again alone.
        maker = Maker(seed * 1_000_003 + number)
        written, lines = make_files(maker, plan, count)
        try:
            counts += check_csv(written)
            counts += check_jsonl(lines)
        except (DifferenceError, ValueError) as error:
            raise DifferenceError(f"file {number} of seed {seed}: {error}") from error
        counts["files"] += 2
        rows -= count
        number += 1
    return counts


def main() -> int:
    """Try so many rows; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows-per-file", type=int, default=50_000)
    options = parser.parse_args()
    try:
        counts = run(options.rows, options.seed, rows_per_file=options.rows_per_file)
    except DifferenceError as error:
        print(error)
        return 1
    print(
        f"{options.rows:,} rows, in CSV and in JSONL, {counts['files']} files, "
        f"{counts['bytes']:,} bytes; {counts['cells']:,} cells by the reference, "
        + ", ".join(
            f"{counts[f'{one} cells']:,} by {one}" for one in ("pandas", "polars", "pyarrow")
        )
        + ": all as they were given"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
