"""A million adversarial rows, written and read back; the long form of test_million.py.

    python -m tests.property.million --rows 1000000 --seed 0

A seed makes rows of columns of one kind each and of a mixed one, cut into pieces of 1 to 300 rows
and encoded in runs, half of which are tame enough to be written at once. Every file is then read:

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
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]
import pyarrow.json as pajson  # type: ignore[import-untyped]

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import METADATA, Piece, Schema

from .reference import (
    SURROGATES,
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

# What readers take for missing or true, or trip over; and what is none of it.
WORDS: Final = (
    *("", " ", "NA", "N/A", "na", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "None", "none"),
    *("nil", "#N/A", "1.#IND", "\\N", "NaT", "true", "False", "TRUE", "yes", "inf", "-Infinity"),
    *("1", "-1", "+5", "1.", ".5", "1e5", "1_000", "0x1F", "0b1", "007", "5L", "5%", "1j", "٣٤"),
    *("2026-01-31", "2026-01-31T23:59:58.000000", "2026-01-31 23:59", "20260131", "9" * 400),
    *("=1+1", "@SUM(A1)", "+A1", "-2+3", "\t=1", "'=1", "],[", "{}", "[1]", "\ufeff", "\ufeff1"),
    *(
        "premium",
        "two words",
        "größe",
        "日本",
        "\U0001f600",
        "O'Neil",
        "a;b",
        "#5",
        "%b",
        "\\",
        "/",
    ),
)
SCRAPS: Final = (
    *(",\"\r\n\t\0 \\/[]{}:;=+-@#.'`0159eExnaNA_%|\x1a\x1b\x7f"),
    *(
        "\r\n",
        '""',
        '","',
        "\n\n",
        "\ufeff",
        "\u2028",
        "\u2029",
        "\x85",
        "\xa0",
        "\u200b",
        "ü",
        "日",
    ),
    *("\U0001f600", "\U0010ffff", "\ufffd", "\uffff", "null", "NaN", "true", "text", "\\u0000"),
)
LONE: Final = ("\ud800", "\udfff", "\udc80", "a\ud83d")
FLOATS: Final = (
    *(0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.0, 0.1),
    *(1.7976931348623157e308, -1.7976931348623157e308, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 1e-5),
    *(1e-6, 1e-7, 9007199254740993.0, 2.0**63, 2.0**64, 0.1 + 0.2, 123456789012345680.0, 4.35),
)
ENDLESS: Final = (math.nan, -math.nan, math.inf, -math.inf)
EDGES: Final = tuple(
    sign * 2**power + more
    for power in (0, 31, 53, 63, 64)
    for sign in (1, -1)
    for more in (-1, 0, 1)
)
INT64: Final = tuple(number for number in EDGES if -(2**63) <= number < 2**63)
UINT64: Final = tuple(number for number in EDGES if 0 <= number < 2**64)
HUGE: Final = (2**64, -(2**63) - 1, 10**30, -(10**30), 2**128, 10**310, -(10**5000) + 1)
ZONES: Final = tuple(
    timezone(timedelta(seconds=seconds))
    for seconds in (0, 3600, -12600, 86399, -86399, 20700, 0.5, -0.000001)
)
DECIMALS: Final = tuple(
    Decimal(text)
    for text in (
        *("0", "-0", "1.10", "-0.00", "1E+5", "1E-7", "0E-10", "0E+3", "123456789.123456789123456"),
        *("9E+999999", "-9E-999999", "NaN", "-NaN", "sNaN", "NaN123", "Infinity", "-Infinity"),
        *("9" * 60, "0." + "1" * 60, "18446744073709551616"),
    )
)
TIME: Final = "2026-01-31T23:59:58.000000"
MOMENT: Final = datetime(2026, 1, 31, 23, 59, 58)  # a scoring time is bare: seen as what it is


class DifferenceError(Exception):
    """What was read is not what was written."""


class Plan(NamedTuple):
    """A file: the names of its columns, which say their kinds, and what follows them."""

    features: tuple[str, ...]
    ids: bool
    constants: tuple[tuple[str, str], ...] = ()


# Names are hostile too; a name's first word is the kind of its column.
ALL: Final = (
    *("floats", "finite", "int64", "uint64", "count", "whole", "bool", "text", 'text ",\n2'),
    *("decimal", "moment", "day", "uuid", "bytes", "nested", "mixed", "mixed -1"),
)
PLANS: Final = (
    Plan(ALL, True, (("constant", 'a,"b'), ("1", "NA"))),
    Plan(("floats", "finite", "int64", "uint64", "count", "bool", "whole"), True),
    Plan(("text", "count", "floats", "mixed", "decimal", "text = 1"), False, (("c", "\r"),)),
    Plan(("mixed",), False),
    Plan(("mixed", "count", "day", "moment"), True),
)


class Maker:
    """Makes cells of every kind from one seed. ``tame`` ones can be written in one go."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tame = True
        self._kinds: dict[str, Callable[[], Any]] = {
            "floats": self.floats,
            "finite": self.finite,
            "int64": self.int64,
            "uint64": self.uint64,
            "count": self.count,
            "whole": self.whole,
            "bool": lambda: self.random.random() < 0.5,
            "text": self.text,
            "decimal": self.decimal,
            "moment": self.moment,
            "day": self.day,
            "uuid": lambda: UUID(int=self.random.getrandbits(128)),
            "bytes": lambda: self.random.randbytes(self.random.randrange(9)),
            "nested": self.nested,
            "mixed": self.mixed,
        }
        self._makers = list(self._kinds.values())[:-2]

    def rows(self, features: Iterable[str], count: int) -> tuple[tuple[Any, ...], ...]:
        """Some rows; of a kind "mixed" each cell is of any kind."""
        makers = [self._kinds[name.split()[0]] for name in features]
        return tuple([tuple([make() for make in makers]) for _ in range(count)])

    def floats(self) -> float | None:
        """Any float, or missing."""
        chance = self.random.random()
        if chance < 0.08:
            return None
        return self.random.choice(ENDLESS) if chance < 0.2 else self._float()

    def finite(self) -> float | None:
        """Any finite float, or missing."""
        return None if self.random.random() < 0.1 else self._float()

    def int64(self) -> int | None:
        """An int of 64 bits with its sign, or missing."""
        return None if self.random.random() < 0.1 else self.count()

    def uint64(self) -> int | None:
        """An int of 64 bits without a sign, or missing."""
        chance = self.random.random()
        if chance < 0.1:
            return None
        return self.random.choice(UINT64) if chance < 0.5 else self.random.getrandbits(64)

    def count(self) -> int:
        """An int of 64 bits with its sign."""
        random = self.random
        if random.random() < 0.3:
            return random.choice(INT64)
        return (random.getrandbits(64) - 2**63) >> random.randrange(64)

    def whole(self) -> int | None:
        """Any int, or missing."""
        if self.tame or self.random.random() < 0.7:
            return self.int64() if self.random.random() < 0.5 else self.uint64()
        return self.random.choice(HUGE)

    def text(self) -> str | None:
        """Text of words, scraps of structure, the looks of other kinds, letters; or missing."""
        random = self.random
        chance = random.random()
        if not self.tame and chance < 0.1:
            return "".join(random.choices(SCRAPS, k=2)) + random.choice(LONE)
        if chance < 0.2:
            return None
        if chance < 0.5:
            return random.choice(WORDS)
        if chance < 0.8:
            return "".join(random.choices(SCRAPS, k=random.randint(1, 6)))
        if chance < 0.9:
            return "".join([chr(random.randrange(0xD800)) for _ in range(random.randint(1, 4))])
        return str(self.random.choice((self._float, self.count, self.day, self.moment))())

    def decimal(self) -> Decimal:
        """A Decimal, of any exponent."""
        random = self.random
        if random.random() < 0.5:
            found = random.choice(DECIMALS)
            return found if not (self.tame and found.is_infinite()) else DECIMALS[2]
        return Decimal(random.getrandbits(40) - 2**39).scaleb(random.randint(-20, 20))

    def moment(self) -> datetime:
        """A moment of the years 1 to 9999, with an offset or without."""
        random = self.random
        zone = random.choice(ZONES) if random.random() < 0.5 else None
        second = timedelta(
            seconds=random.randrange(315_537_897_599),
            microseconds=random.choice((0, 1, 999_999, 500_000)),
        )
        return (datetime(1, 1, 1) + second).replace(tzinfo=zone, fold=random.getrandbits(1))

    def day(self) -> date:
        """A day of the years 1 to 9999."""
        return date.fromordinal(self.random.randint(1, 3_652_059))

    def nested(self, depth: int = 0) -> Any:
        """Lists and dicts of anything; where all shall be tame there are none."""
        random = self.random
        if self.tame:
            return None
        if depth and random.random() < 0.7:
            return random.choice(self._makers)()
        inner = [self.nested(depth + 1) if depth < 4 else None for _ in range(random.randrange(4))]
        if random.random() < 0.5:
            return tuple(inner)
        return {(self.text() or "") + str(at): one for at, one in enumerate(inner)}

    def mixed(self) -> Any:
        """A cell of any kind."""
        if self.tame or self.random.random() < 0.9:
            return self.random.choice(self._makers)()
        return self.nested()

    def identifier(self) -> str:
        """A correlation id: a UUID mostly, else the user's own."""
        if self.random.random() < 0.8:
            return str(UUID(int=self.random.getrandbits(128)))
        return self.text() or "own"

    def _float(self) -> float:
        random = self.random
        chance = random.random()
        if chance < 0.3:
            return random.choice(FLOATS)
        if chance < 0.6:
            return random.gauss(0, 1000)
        if chance < 0.7:
            return round(random.uniform(-100, 100), 2)
        (found,) = struct.unpack("<d", random.randbytes(8))
        return float(found) if math.isfinite(found) else 0.5


class File(NamedTuple):
    """What one file was made of and what it became."""

    plan: Plan
    rows: list[tuple[Any, ...]]  # with metadata and constants
    lines: list[bytes]
    header: bytes


def make_files(maker: Maker, plan: Plan, count: int) -> tuple[File, File]:
    """So many rows, in CSV and in JSONL."""
    random = maker.random
    schema = Schema(plan.features, plan.ids, plan.constants)
    encoders = CsvEncoder(), JsonlEncoder()
    headers = [encoder.header(schema) for encoder in encoders]
    rows: list[tuple[Any, ...]] = []
    lines: tuple[list[bytes], list[bytes]] = ([], [])
    constants = tuple(text for _, text in plan.constants)
    expected = 0
    while len(rows) < count:
        run: list[Piece] = []
        wild = random.choice((0.0, 0.02, 1.0))
        for _ in range(random.choice((1, 1, 3, 10))):
            length = min(random.choice((1, 1, 2, 7, 60, 300)), count - len(rows))
            if not length:
                break
            maker.tame = random.random() >= wild
            made = maker.rows(plan.features, length)
            if wild == 0.02:
                # One odd row among tame ones.
                maker.tame = False
                made = made[:-1] + maker.rows(plan.features, 1)
            name = maker.identifier()
            first = random.choice((0, 0, 41))
            run.append(Piece(made, name, TIME, first))
            if plan.ids:
                expected += _lone(name)
                metas = [(name, MOMENT, first + at) for at in range(length)]
                rows += [row + meta + constants for row, meta in zip(made, metas, strict=True)]
            else:
                rows += [row + constants for row in made]
        for encoder, found in zip(encoders, lines, strict=True):
            found += encoder.encode(run, schema)
    expected += sum([_lone(cell) for row in rows for cell in row[: len(plan.features)]])
    for encoder in encoders:
        if encoder.replaced != expected:
            raise DifferenceError(f"{encoder!r}, where there are {expected}")
    csv_file, jsonl_file = (
        File(plan, rows, found, header) for found, header in zip(lines, headers, strict=True)
    )
    return csv_file, jsonl_file


def _lone(cell: Any) -> int:
    """How many lone surrogates a cell has."""
    if type(cell) is str:
        return 0 if cell.isascii() else len(SURROGATES.findall(cell))
    if type(cell) is tuple:
        return sum(map(_lone, cell))
    if type(cell) is dict:
        return sum([_lone(name) + _lone(one) for name, one in cell.items()])
    return 0


# Reading back --------------------------------------------------------------------------------


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
