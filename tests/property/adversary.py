"""The adversary: rows that writers and readers of files stumble over, made from a seed.

Columns of one kind each and mixed ones, cut into pieces of 1 to 300 rows and encoded in runs, half
of which are tame enough to be written at once. What reads them back is in million.py.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Piece, Schema

from .reference import SURROGATES

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
