"""Cells: turns what stands in a row into values that nobody can change any more.

What comes out has exactly one of the types that encoders know: None, bool, int, float, str, bytes,
Decimal, datetime, date, UUID, and tuples and dicts of these, which are our own copies. An encoder
that gets anything else refuses the row.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from ..errors import EncodeError

__all__ = ["NUMERIC", "NUMERIC_ROWS", "Cells"]

# Types whose values need nothing at all: no copy, and no further estimate.
NUMERIC: Final = frozenset({float, int, bool, type(None)})
# The types of the cells of any row of such values.
NUMERIC_ROWS: Final = frozenset(
    frozenset(some) for count in range(1, 1 + len(NUMERIC)) for some in combinations(NUMERIC, count)
)
_PLAIN: Final = NUMERIC | {str}
_KEPT: Final = _PLAIN | {Decimal, date, UUID}

# Estimated heap bytes of a nested value: a pointer and a small object.
NESTED_COST: Final = 64
# The documented limit of JSON readers is about 1,000; nobody's features are that deep.
MAX_DEPTH: Final = 32

# How audio, image and video files begin; "How to collect data", learn.microsoft.com, leaves these
# payloads out. RIFF is WAV, AVI and WebP; ftyp, at the fifth byte, is MP4, HEIC and AVIF.
_MEDIA: Final = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"ID3", b"\xff\xfb"),
    *(b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3"),
)


class Cells:
    """Freezes the cells of one stream. ``media`` lets audio, image and video bytes through."""

    __slots__ = ("_media", "_stream")

    def __init__(self, stream: str, *, media: bool) -> None:
        self._stream = stream
        self._media = media

    def __repr__(self) -> str:
        return f"<Cells of {self._stream}>"

    def row(self, row: tuple[Any, ...], types: frozenset[type]) -> tuple[tuple[Any, ...], int]:
        """The row with frozen cells, and the estimated bytes beyond those of numbers; ``types``
        are those of its cells."""
        if types <= NUMERIC:
            return row, 0
        if types <= _PLAIN:
            # Text by its length: four bytes a character at most, on the heap and as UTF-8.
            return row, sum([4 * len(cell) for cell in row if type(cell) is str])
        row = tuple([self.cell(cell) for cell in row])
        return row, sum([_cost(cell) for cell in row])

    def cell(self, cell: Any, depth: int = 0) -> Any:
        """The cell frozen. Raises EncodeError for what cannot be recorded."""
        kind = type(cell)
        if kind in _KEPT:
            return cell
        if kind is bytes:
            return self._bytes(cell)
        if kind is datetime:
            return _datetime(cell)
        if kind is list or kind is tuple:
            self._check_depth(depth)
            return tuple([self.cell(one, depth + 1) for one in cell])
        if kind is dict:
            self._check_depth(depth)
            return {_key(key): self.cell(one, depth + 1) for key, one in cell.items()}
        return self._odd(cell, kind, depth)

    def _odd(self, cell: Any, kind: type, depth: int) -> Any:
        """Subclasses of the types above, enumerations, and what numpy and pandas bring."""
        root = kind.__module__.partition(".")[0]
        if kind.__name__ in ("NAType", "NaTType") and root == "pandas":
            return None
        if isinstance(cell, enum.Enum):
            return self.cell(cell.value, depth)
        if root == "numpy":
            return self._numpy(cell, depth)
        if isinstance(cell, datetime):
            if getattr(cell, "nanosecond", 0):
                return str(cell.isoformat())  # of pandas; a datetime has no place for them
            return _datetime(cell)
        # Of a subclass: its bare value.
        if isinstance(cell, int):
            return int(cell)
        if isinstance(cell, float):
            return float(cell)
        if isinstance(cell, str):
            return "".join(cell)
        if isinstance(cell, Decimal):
            return Decimal(cell)
        if isinstance(cell, UUID):
            return UUID(int=cell.int)
        if isinstance(cell, date):
            return date(cell.year, cell.month, cell.day)
        if isinstance(cell, bytes | bytearray | memoryview):
            return self._bytes(bytes(cell))
        if isinstance(cell, Mapping):
            return self.cell(dict(cell), depth)
        if isinstance(cell, tuple):
            return self.cell(tuple(cell), depth)
        raise self._refusal(kind)

    def _numpy(self, cell: Any, depth: int) -> Any:
        dtype = getattr(cell, "dtype", None)
        if dtype is None:
            raise self._refusal(type(cell))
        if cell.ndim:
            return self.cell(listed(cell), depth)
        if dtype.kind == "f" and dtype.itemsize < 8:
            # A float32 is written as a float32: through its own shortest text.
            return float(str(cell))
        if dtype.kind in "biuUSO" or (dtype.kind == "f" and dtype.itemsize == 8):
            return self.cell(cell.item(), depth)
        if dtype.kind == "M":
            text = str(cell)
            if text == "NaT":
                return None
            found = cell.astype("datetime64[us]")
            # Finer than microseconds is kept as text.
            same = str(cell.astype("datetime64[ns]")).rstrip("0") == str(
                found.astype("datetime64[ns]")
            ).rstrip("0")
            if not same:
                return text
            return cell.item() if isinstance(cell.item(), date) else found.item()
        if dtype.kind == "V" and dtype.names:
            return {name: self.cell(cell[name], depth + 1) for name in dtype.names}
        raise EncodeError(
            f"{self._stream}: a cell of dtype {dtype} cannot be recorded; "
            "give it as a number or as text",
            reason="type",
        )

    def _bytes(self, data: bytes) -> bytes:
        if not self._media and (data.startswith(_MEDIA) or data[4:8] == b"ftyp"):
            raise EncodeError(
                f"{self._stream}: audio, images and video are not recorded; record what the model "
                "reads out of them, or allow them with Limits(media=True)",
                reason="media",
            )
        return data

    def _check_depth(self, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise EncodeError(
                f"{self._stream}: a cell is nested deeper than {MAX_DEPTH} levels, or holds "
                "itself; flatten it",
                reason="type",
            )

    def _refusal(self, kind: type) -> EncodeError:
        hint = _HINTS.get(kind.__name__, "record numbers, text, times, lists or dicts of these")
        return EncodeError(
            f"{self._stream}: a cell of type {kind.__module__}.{kind.__qualname__} cannot be "
            f"recorded; {hint}",
            reason="type",
        )


_HINTS: Final = {
    "timedelta": "record its total_seconds()",
    "Timedelta": "record its total_seconds()",
    "time": "record its isoformat()",
    "complex": "record its real and imaginary part",
    "set": "record a sorted list of it",
    "frozenset": "record a sorted list of it",
    "generator": "record a list of it",
    "Tensor": "record its numbers: tensor.item() or tensor.tolist()",
}


def listed(array: Any) -> list[Any]:
    """The cells of a numpy array as nested lists, float32 and datetime64 as their own scalars:
    as floats they would show digits that they never had, and as integers no time at all."""
    exact = array.dtype.kind in "biuUSO" or (array.dtype.kind == "f" and array.dtype.itemsize == 8)
    if exact or array.ndim == 0:
        found: list[Any] = array.tolist()
        return found
    return [listed(one) for one in array] if array.ndim > 1 else list(array)


def _datetime(moment: datetime) -> datetime:
    """The same moment, with nothing in it that somebody else could change."""
    zone = moment.tzinfo
    if zone is not None and type(zone) is not timezone:
        offset = moment.utcoffset()
        zone = None if offset is None else timezone(offset)
    return datetime(
        *moment.timetuple()[:6], microsecond=moment.microsecond, tzinfo=zone, fold=moment.fold
    )


def _key(key: Any) -> str:
    """A key of a nested value as text, as JSON has it."""
    if type(key) is str:
        return key
    if isinstance(key, enum.Enum):
        return _key(key.value)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)


def _cost(cell: Any) -> int:
    """Estimated heap bytes of a frozen cell, beyond those of a number."""
    kind = type(cell)
    if kind in NUMERIC:
        return 0
    if kind is str:
        return 4 * len(cell)
    if kind is bytes:
        return 2 * len(cell)  # base64 takes four thirds
    if kind is tuple:
        return sum([NESTED_COST + _cost(one) for one in cell])
    if kind is dict:
        return sum([2 * NESTED_COST + 4 * len(key) + _cost(one) for key, one in cell.items()])
    return NESTED_COST
