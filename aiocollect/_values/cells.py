"""Cells: turns the values of a row into immutable ones.

The result has exactly one of the types that encoders know: None, bool, int, float, str, bytes,
Decimal, datetime, date, UUID, and tuples and dicts of these, which are our own copies. An encoder
refuses a row with anything else.

Invariants: a value is charged before it is walked, so nothing larger than a call is ever copied; a
refusal names the column, the type and a remedy, never the value; whatever a method of a cell raises
is a refusal of that cell.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from .._validation.columns import label
from ..errors import EncodeError
from .costs import too_large
from .interop.arrow_tables import scalar_of
from .interop.exact import CellError, type_name
from .interop.numpy_arrays import cell_of
from .interop.records import fields_of

__all__ = [
    *("NUMERIC", "SHOWN", "Cells", "Kinds", "are_numbers", "is_one_of", "kinds_of"),
    "types_of",
]

# Types whose values need no copy and no further estimate.
NUMERIC: Final[frozenset[type]] = frozenset({float, int, bool, type(None)})
# The sets of types that a row of such values can have.
_NUMERIC_ROWS: Final = frozenset(
    frozenset(some) for count in range(1, 1 + len(NUMERIC)) for some in combinations(NUMERIC, count)
)
_PLAIN: Final = NUMERIC | {str}
_KEPT: Final = frozenset({Decimal, date, UUID})

# Estimated heap bytes of a nested value: a pointer and a small object.
NESTED_COST: Final = 64
# JSON readers document a limit of about 1,000; no features are nested that deep.
MAX_DEPTH: Final = 32
# Characters of a name in a message: names can be made of data.
SHOWN: Final = 64

# How audio, image and video files begin; "How to collect data" (learn.microsoft.com) excludes these
# payloads. RIFF is WAV, AVI and WebP; ftyp, at the fifth byte, is MP4, HEIC and AVIF.
_MEDIA: Final = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"ID3", b"\xff\xfb"),
    *(b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3"),
)


def types_of(row: Sequence[Any]) -> frozenset[type] | None:
    """The types of a row's cells; None if one of them cannot be hashed."""
    try:
        return frozenset(map(type, row))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return None


def are_numbers(row: tuple[Any, ...]) -> bool:
    """Whether every cell is a plain number or missing."""
    return types_of(row) in _NUMERIC_ROWS


class Kinds:
    """What is known about rows whose cells have certain types: whether all are ``numeric``, or
    numbers and text (``plain``); the indexes of the cells that are not numbers (``others``), and of
    floats."""

    __slots__ = ("floats", "numeric", "others", "plain", "types")

    def __init__(self, types: tuple[type, ...]) -> None:
        self.types = frozenset(types)
        self.numeric = self.types <= NUMERIC
        self.plain = self.types <= _PLAIN
        self.others = frozenset([at for at, kind in enumerate(types) if kind not in NUMERIC])
        self.floats = frozenset([at for at, kind in enumerate(types) if kind is float])

    def __repr__(self) -> str:
        return f"<Kinds of {len(self.types)} types>"


# A stream has few: for rows with gaps, one for each pattern of missing cells. Bounded, as types can
# be made of data; 1 KB each for ten columns.
_kinds: Final = lru_cache(maxsize=1024)(Kinds)


def kinds_of(row: Sequence[Any]) -> Kinds | None:
    """The kinds of a row's cells, cached; None if a type cannot be hashed (see types_of())."""
    try:
        return _kinds(tuple(map(type, row)))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return None


def is_one_of(kind: type, kinds: frozenset[type]) -> bool:
    """Whether ``kind`` is one of ``kinds``; False if it cannot be hashed."""
    try:
        return kind in kinds
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return False


class Cells:
    """Freezes the cells of one stream. ``media`` lets audio, image and video bytes through.

    ``max_bytes`` is the limit of a row, by estimate.
    """

    __slots__ = ("_max_bytes", "_media", "_stream")

    def __init__(self, stream: str, *, media: bool, max_bytes: int = 1 << 40) -> None:
        self._stream = stream
        self._media = media
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"<Cells of {self._stream}>"

    def row(
        self, row: tuple[Any, ...], kinds: Kinds | None, columns: Sequence[str] = ()
    ) -> tuple[tuple[Any, ...], int]:
        """The row with frozen cells, and its estimated bytes beyond those of numbers.

        ``kinds`` are those of its cells, None if unknown; ``columns`` their names, if known. Raises
        EncodeError.
        """
        if kinds is not None and kinds.plain:
            if kinds.numeric:
                return row, 0
            # Text by its length: at most four bytes per character, on the heap and as UTF-8.
            return row, 4 * sum([len(row[place]) for place in kinds.others])
        walk = _Walk(self._media, self._max_bytes)
        frozen: list[Any] = []
        try:
            for cell in row:
                frozen.append(walk.cell(cell, 0))  # noqa: PERF401 - its length is told below
            return tuple(frozen), walk.cost
        except CellError as error:
            text, reason = str(error), error.reason
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # methods of a cell can raise anything
            text = f"reading a cell of type {type_name(type(row[len(frozen)]))} raised "
            text, reason = text + type_name(type(error)) + "; pass a plain value", "type"
        # Outside of the handlers, so that the exception's context does not lead to a cell.
        place = len(frozen)
        name = columns[place] if place < len(columns) else f"f{place}"
        if reason == "too_large":
            raise EncodeError(f"{self._stream}: {text}", reason=reason)
        raise EncodeError(f"{self._stream}: column {name[:SHOWN]}: {text}", reason=reason)


class _Walk:
    """Freezes one row. ``cost`` is the estimate so far, in bytes of heap."""

    __slots__ = ("_max_bytes", "_media", "cost")

    def __init__(self, media: bool, max_bytes: int) -> None:
        self._media = media
        self._max_bytes = max_bytes
        self.cost = 0

    def _charge(self, cost: int) -> None:
        self._foresee(cost)
        self.cost += cost

    def _foresee(self, cost: int) -> None:
        """Raise CellError for what would be too large, before it is made or walked."""
        if self.cost + cost > self._max_bytes:
            raise CellError(too_large(self.cost + cost, self._max_bytes), reason="too_large")

    def cell(self, cell: Any, depth: int) -> Any:
        """The cell frozen. Raises CellError for what cannot be recorded."""
        kind = type(cell)
        if kind is float or kind is int or cell is None or kind is bool:
            return cell
        if kind is str:
            self._charge(4 * len(cell))
            return cell
        if kind is list or kind is tuple:
            return self._sequence(cell, depth)
        if kind is dict:
            return self._object(cell, depth)
        if kind is bytes:
            return self._bytes(cell)
        if kind is datetime:
            self._charge(NESTED_COST)
            return _datetime(cell)
        if is_one_of(kind, _KEPT):
            self._charge(NESTED_COST)
            return cell
        return self._foreign(cell, kind, depth)

    def _sequence(self, cells: Sequence[Any], depth: int) -> tuple[Any, ...]:
        _check_depth(depth)
        self._charge(NESTED_COST * len(cells))
        return tuple([self.cell(one, depth + 1) for one in cells])

    def _object(self, cell: dict[Any, Any], depth: int) -> dict[str, Any]:
        _check_depth(depth)
        self._charge(2 * NESTED_COST * len(cell))
        found = {}
        for key, one in cell.items():
            name = _key(key)
            if name in found:
                raise CellError("two keys of a nested value have the same text; rename one")
            self._charge(4 * len(name))
            found[name] = self.cell(one, depth + 1)
        return found

    def _foreign(self, cell: Any, kind: type, depth: int) -> Any:
        """Freeze a subclass of the types above, an enumeration, or a value of another package."""
        root = str(kind.__module__).partition(".")[0]
        if kind.__name__ in ("NAType", "NaTType") and root == "pandas":
            return None
        if kind.__name__ == "UnsetType" and root == "msgspec":
            return None  # a field that was not set
        if isinstance(cell, enum.Enum):
            return self.cell(cell.value, depth)
        if root == "numpy":
            self._foresee(NESTED_COST * getattr(cell, "size", 0))
            return self.cell(cell_of(cell), depth)
        if root == "pyarrow" and hasattr(cell, "as_py"):
            return self.cell(scalar_of(cell), depth)
        if isinstance(cell, datetime):
            self._charge(NESTED_COST)
            if getattr(cell, "nanosecond", 0):
                return str(cell.isoformat())  # a Timestamp of pandas; a datetime has no nanoseconds
            return _datetime(cell)
        return self._bare(cell, kind, depth)

    def _bare(self, cell: Any, kind: type, depth: int) -> Any:
        """The plain value of a subclass of a plain type, by the method of that type."""
        if isinstance(cell, int):
            return int.__int__(cell)
        if isinstance(cell, float):
            return float.__float__(cell)
        if isinstance(cell, str):
            return self.cell(str.__str__(cell), depth)
        if isinstance(cell, bytes | bytearray | memoryview):
            self._charge(2 * memoryview(cell).nbytes)
            return self._bytes(b"".join([cell]), charged=True)
        if isinstance(cell, Decimal | UUID | date):
            self._charge(NESTED_COST)
            if isinstance(cell, Decimal):
                return Decimal(cell)
            return (
                UUID(int=cell.int)
                if isinstance(cell, UUID)
                else date.fromordinal(date.toordinal(cell))
            )
        if isinstance(cell, Mapping):
            self._foresee(2 * NESTED_COST * len(cell))
            return self.cell(dict(cell), depth)
        if isinstance(cell, list):
            self._foresee(NESTED_COST * list.__len__(cell))
            return self._sequence(list.__getitem__(cell, slice(None)), depth)
        if isinstance(cell, tuple):
            self._foresee(NESTED_COST * tuple.__len__(cell))
            return self._sequence(tuple.__getitem__(cell, slice(None)), depth)
        record = fields_of(cell)
        if record is not None:
            return self._object(record, depth)
        raise CellError(
            f"a cell of type {type_name(kind)} cannot be recorded; "
            + _HINTS.get(kind.__name__, "record numbers, text or times, or lists or dicts of these")
        )

    def _bytes(self, data: bytes, *, charged: bool = False) -> bytes:
        if not charged:
            self._charge(2 * len(data))  # base64 takes four thirds of it
        if not self._media and (data.startswith(_MEDIA) or data[4:8] == b"ftyp"):
            raise CellError(
                "audio, images and video are not recorded; record the features that the "
                "model computes from them, or allow them with Limits(media=True)",
                reason="media",
            )
        return data


_HINTS: Final = {
    "timedelta": "record its total_seconds()",
    "Timedelta": "record its total_seconds()",
    "time": "record its isoformat()",
    "complex": "record its real and imaginary parts",
    "set": "record a sorted list of its elements",
    "frozenset": "record a sorted list of its elements",
    "generator": "record a list of its elements",
    "deque": "record a list of its elements",
    "UserList": "record a list of its elements",
    "array": "record a list of its elements",
    "range": "record a list of its elements",
    "dict_keys": "record a list of its elements",
    "dict_values": "record a list of its elements",
    "Tensor": "record its numbers: tensor.item() or tensor.tolist()",
    "Series": "record a list of its elements",
    "Index": "record a list of its elements",
    "DataFrame": "record each of its columns as a column of the stream, or a list of its rows",
    "Period": "record its start_time, or its text: str()",
    "Interval": "record its left and right ends, or its text: str()",
    "Fraction": "record it as float(), or as text: str()",
    "Path": "record it as text: str()",
    "bfloat16": "record it as float()",
    "ArrayImpl": "record its numbers: item() or tolist()",
}


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise CellError(
            f"a cell is nested deeper than {MAX_DEPTH} levels, or contains itself; flatten it"
        )


def _datetime(moment: datetime) -> datetime:
    """The same time, with an immutable time zone."""
    zone = moment.tzinfo
    if zone is not None and type(zone) is not timezone:
        offset = moment.utcoffset()
        zone = None if offset is None else timezone(offset)
    if not 1 <= moment.year <= 9999:  # those of pandas go further
        raise CellError(
            "a time before the year 1 or after the year 9999 cannot be recorded; record it "
            "as text or as a number"
        )
    return datetime(
        *moment.timetuple()[:6], microsecond=moment.microsecond, tzinfo=zone, fold=moment.fold
    )


def _key(key: Any) -> str:
    """A key of a nested value as text, as JSON writes it."""
    name = label(key)
    if name is not None:
        return name
    if isinstance(key, enum.Enum):
        return _key(key.value)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)
