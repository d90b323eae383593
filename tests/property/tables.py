"""Logical tables: columns of one kind each, and what must be stored of every cell.

The oracle is the design's text alone: names decide, missing is missing, floats keep the digits of
their own width, moments all of theirs. So a single-precision number is drawn as the decimal that it
is to be written as, and nanoseconds as digits; nothing here shares code with the package.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

__all__ = ["KINDS", "NANOS", "ZONE", "Grade", "Kind", "Table", "draw_table", "nanoseconds_of"]

ZONE: Final = ZoneInfo("Europe/Berlin")


class Grade(enum.Enum):
    """Cells that are recorded as their values."""

    LOW = "low"
    HIGH = "high"


class Kind(NamedTuple):
    """``values`` are cells as they must be read back; ``cell`` makes of one what a user has.

    ``told`` is the type that a reader is told.
    """

    name: str
    told: type
    values: tuple[Any, ...]
    cell: Callable[[Any], Any] = lambda value: value


# Nanoseconds since 1970: whole microseconds, and finer; before 1970 too.
NANOS: Final = (
    *(0, 1, 999, 1_000, 1_769_903_998_123_456_789, 1_769_903_998_123_456_000),
    *(-1, -1_000, -86_400_000_000_001, 253_402_300_799_999_999_999 // 100 * 3),
)


def nanoseconds_of(value: Any) -> int:
    """The number that a moment of the kinds below was made of."""
    text = value if type(value) is str else value.isoformat(timespec="microseconds") + ""
    offset = text[26:] if type(value) is not str else text[29:]
    whole = datetime.fromisoformat(text[:26] + (offset or "+00:00"))
    micros = (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return micros * 1000 + (int(text[26:29]) if type(value) is str else 0)


def _naive(nanos: int) -> Any:
    micros, rest = divmod(nanos, 1000)
    moment = datetime(1970, 1, 1) + timedelta(microseconds=micros)
    return moment if not rest else f"{moment.isoformat(timespec='microseconds')}{rest:03d}"


def _aware(nanos: int) -> Any:
    micros, rest = divmod(nanos, 1000)
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).astimezone(ZONE)
    offset = moment.utcoffset()
    assert offset is not None
    moment = moment.replace(tzinfo=timezone(offset), fold=0)
    if not rest:
        return moment
    text = moment.isoformat(timespec="microseconds")
    return f"{text[:26]}{rest:03d}{text[26:]}"


_NAN, _INF = float("nan"), float("inf")
_SINGLES: Final = (0.1, -2.7, 3.14159, 16777216.0, 1.1e-38, 1e-45, 0.30103, -0.0, _NAN, _INF, 3e38)
_HALVES: Final = (0.1, -2.5, 0.333, 65500.0, 6e-08, 1.001, -0.0, _NAN, -_INF)
_TEXTS: Final = (
    *("premium", "two words", "a,b", 'q"q', "", " ", "NaN", "null", "007", "2026-01-31", "größe"),
    *("two\nlines", "true", "<NA>", "None", "\U0001f600", "=1+1", "\\", "-0.5"),
)
_KINDS: Final = (
    Kind("float", float, (0.1, -0.0, 1e22, 5e-324, 2.0**63, 1 / 3, _NAN, _INF, -_INF)),
    Kind("single", float, _SINGLES, np.float32),
    Kind("half", float, _HALVES, np.float16),
    Kind("int", int, (0, -1, 7, 2**53 + 1, 2**63 - 1, -(2**63))),
    Kind("uint", int, (0, 1, 2**63, 2**64 - 1)),
    Kind("huge", int, (2**64, -(2**63) - 1, 10**30, -(10**25))),
    Kind("bool", bool, (True, False)),
    Kind("text", str, _TEXTS),
    Kind("category", str, ("gold", "silver", "NA", "")),
    Kind("bytes", bytes, (b"", b"\xff\x00", b"plain")),
    Kind("decimal", Decimal, (Decimal("1.10"), Decimal("-0.05"), Decimal("12345678.90"))),
    Kind("uuid", UUID, (UUID(int=7), UUID(int=2**128 - 1))),
    Kind("day", date, (date(2026, 1, 31), date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31))),
    Kind("moment", datetime, tuple(_naive(n * 1000) for n in (0, 1, -1, 1_769_903_998_123_456))),
    Kind(
        "aware",
        datetime,
        tuple(_aware(n * 1000) for n in (0, -1, 1_769_903_998_123_456, 1_792_890_000_000_000)),
        lambda value: value.astimezone(ZONE),
    ),
    Kind(
        "nanos",
        str,
        tuple(_naive(n) for n in NANOS if n < 2**63),
        lambda value: np.datetime64(nanoseconds_of(value), "ns"),
    ),
    Kind("aware nanos", str, tuple(_aware(n) for n in NANOS if n < 2**63)),
    Kind("vector", tuple, ((0.1, 0.2), (), (-2.7,)), lambda v: np.array(v, dtype="f4")),
    Kind(
        "struct",
        dict,
        ({"x": 0.1, "t": "a"}, {"x": -2.7, "t": "NaN"}),
        lambda value: {"x": np.float32(value["x"]), "t": value["t"]},
    ),
    Kind("enum", str, ("low", "high"), Grade),
)
KINDS: Final = {kind.name: kind for kind in _KINDS}


class Table(NamedTuple):
    """``columns`` by name, each a kind and its values; None is missing."""

    columns: dict[str, tuple[Kind, tuple[Any, ...]]]
    rows: int

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the stream."""
        return tuple(self.columns)

    def has(self, *names: str) -> bool:
        """Whether one of its columns is of one of these kinds."""
        return any(kind.name in names for kind, _ in self.columns.values())

    def missing(self, *names: str) -> bool:
        """Whether a cell is missing, of columns of these kinds, or of all."""
        return any(
            None in values
            for kind, values in self.columns.values()
            if not names or kind.name in names
        )

    def cells(self) -> list[list[Any]]:
        """The rows as a user has them."""
        columns = [
            [None if value is None else kind.cell(value) for value in values]
            for kind, values in self.columns.values()
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def values(self) -> list[tuple[Any, ...]]:
        """The rows as they must be read back."""
        return list(zip(*(values for _, values in self.columns.values()), strict=True))


def draw_table(random: Random, *, kinds: tuple[str, ...] | None = None) -> Table:
    """One to four columns, one to five rows. The first row is whole, so that a reader of one row
    after the other knows the kind of each column before something is missing."""
    if kinds is None:
        pool = list(KINDS)
        count = random.randint(1, 4)
        kinds = tuple(random.choice(pool) for _ in range(count))
        if random.random() < 0.3:
            kinds = (random.choice(("float", "single", "half", "int", "uint", "bool")),) * count
    rows = random.randint(1, 5)
    share = random.choice((0.0, 0.3))
    names = random.sample(["b", "a", "c d", "Ä", "x,y", "id"], len(kinds))
    columns = {}
    for name, word in zip(names, kinds, strict=True):
        kind = KINDS[word]
        values = [random.choice(kind.values) for _ in range(rows)]
        values[1:] = [None if random.random() < share else value for value in values[1:]]
        columns[name] = (kind, tuple(values))
    return Table(columns, rows)
