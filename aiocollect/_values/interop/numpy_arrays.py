"""numpy: arrays and scalars of every dtype as cells.

Invariants: a masked cell is missing, whatever is under the mask; NaT is missing; a float narrower
than 64 bits keeps its own digits, a time all its digits; a record keeps its fields by name.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import Any, Final

from .exact import PER_SECOND, CellError, day, moments, narrow

__all__ = ["cell_of", "is_masked", "is_plain", "kept_digits", "listed"]

# By the unit of a datetime64: its length in days, or the number of units in a second.
_DAYS: Final = {"D": 1, "W": 7}
_SECONDS: Final = {"m": 60, "h": 3600}
_NAT: Final = -(2**63)


def is_plain(dtype: Any) -> bool:
    """Whether encoders can walk an array of this dtype: booleans, and numbers of up to 64 bits."""
    return dtype.kind in "biuf" and dtype.itemsize <= 8


def is_masked(array: Any) -> bool:
    """Whether some of its cells can be masked."""
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(array, masked.MaskedArray)


def kept_digits(array: Any) -> Any:
    """A plain array whose numbers have the digits they are written with: encoders would write a
    float16 with the digits of a float32, half of which it never had."""
    if array.dtype.char != "e":
        return array
    numpy = sys.modules["numpy"]
    digits = [narrow(value, 16) for value in array.ravel().tolist()]
    return numpy.array(digits, dtype="f8").reshape(array.shape)


def listed(array: Any) -> list[Any]:
    """The cells of an array of at least one dimension, as nested lists. Raises CellError."""
    if is_masked(array):
        return _masked(array)
    kind = array.dtype.kind
    if array.ndim > 1 and (kind in "MTV" or array.dtype.char in "ef"):
        return [listed(one) for one in array]
    if array.dtype.char in "ef":
        bits = 8 * array.dtype.itemsize
        return [narrow(value, bits) for value in array.tolist()]
    if kind in "biuUSO" or array.dtype.char == "d":
        found: list[Any] = array.tolist()
        return found
    if kind == "M":
        return _moments(array)
    if kind == "T":  # StringDType of numpy 2: its missing value can be anything
        return [cell if isinstance(cell, str) else None for cell in array]
    return list(array)


def _masked(array: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    mask = numpy.ma.getmaskarray(array)
    if array.dtype.names:  # each field of a record has a mask of its own
        return list(array)
    if array.ndim > 1:
        return [listed(one) for one in array]
    # A masked value may be invalid for its dtype.
    shown = iter(listed(array.data[~mask]))
    return [None if hidden else next(shown) for hidden in mask.tolist()]


def _moments(array: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    unit, step = numpy.datetime_data(array.dtype)
    native = array.astype(array.dtype.newbyteorder("="))
    ticks = [None if tick == _NAT else tick * step for tick in native.view("i8").tolist()]
    if unit in _DAYS:
        return [None if tick is None else day(tick * _DAYS[unit]) for tick in ticks]
    if unit in ("M", "Y"):
        months = 12 if unit == "Y" else 1
        return [None if tick is None else _month(tick * months) for tick in ticks]
    if unit in _SECONDS:
        return moments([None if tick is None else tick * _SECONDS[unit] for tick in ticks], 1, None)
    if unit in PER_SECOND:
        return moments(ticks, PER_SECOND[unit], None)
    if any(tick is not None for tick in ticks):
        raise CellError(
            "a datetime64 without a unit cannot be recorded; give it a unit, such as 's'"
        )
    return ticks


def _month(number: int) -> date:
    years, month = divmod(number, 12)
    try:
        return date(1970 + years, 1 + month, 1)
    except (ValueError, OverflowError):
        return day(10**9)  # which raises the error that says why


def cell_of(cell: Any) -> Any:
    """A scalar, record or array as a value that Cells can freeze. Raises CellError for types that
    cannot be recorded."""
    dtype = getattr(cell, "dtype", None)
    if dtype is None:
        raise CellError("a cell has an unknown numpy type; record a number")
    numpy = sys.modules["numpy"]
    if is_masked(cell) and not cell.ndim and not dtype.names and cell.mask:
        return None
    if dtype.names and not cell.ndim:
        hidden = cell.mask if is_masked(cell) else None
        return {
            name: None if hidden is not None and _hides(hidden, name) else cell[name]
            for name in dtype.names
        }
    if cell.ndim:
        return listed(cell)
    if dtype.kind in "biuUSO" or dtype.char == "d":
        return cell.item()
    if dtype.char in "ef":
        return narrow(float(cell), 8 * dtype.itemsize)
    if dtype.kind == "M":
        return listed(numpy.asarray(cell).reshape(1))[0]
    if dtype.kind == "T":
        return listed(numpy.asarray(cell).reshape(1))[0]
    if dtype.kind == "m":
        if numpy.isnat(cell):
            return None
        raise CellError(
            "a cell of dtype timedelta64 cannot be recorded; record its total_seconds()"
        )
    raise refusal(dtype)


def refusal(dtype: Any) -> CellError:
    """The error for a dtype that cannot be recorded, with the remedy."""
    remedy = "record it as a number or as text"
    if dtype.kind == "c":
        remedy = "record its real and imaginary parts"
    elif dtype.kind in "fV":  # longer than 64 bits, or bfloat16 and other types from outside numpy
        remedy = "convert it to float64 or float32, such as astype('float32')"
    return CellError(f"a cell of dtype {dtype} cannot be recorded; {remedy}")


def _hides(mask: Any, name: str) -> bool:
    hidden = mask[name]
    return bool(hidden.all()) if getattr(hidden, "ndim", 0) else bool(hidden)
