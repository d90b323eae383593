"""Shape and freeze: turns what the user hands to collect() into rows that nobody can change.

A list becomes tuples of cells of exact immutable types; a numpy array is copied. Which types a row
has is looked up as one frozen set per row in a cache of sets known to be harmless, so that the
usual row costs one look-up and no test per cell. numpy is recognised by name, never imported.

Shape, with k features: a 2-D value is its rows. A 1-D value is n rows where k is 1 and the feature
was named; else it is one row, and its length must be k. Dicts match by name. Without names the
first call fixes the columns: a dict's keys, else f0, f1 …
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import EncodeError

__all__ = ["Shape"]

_CELLS = (float, int, str, bool, type(None))
_NUMERIC = frozenset({float, int, bool, type(None)})

# Estimates of heap bytes: a float is 24 and its pointer 8; a row's tuple 40 and the text of its id,
# time and index about 80; a call's tuple, id and slot about 250.
CELL_COST = 32
ROW_COST = 120
CALL_COST = 250
POINTER = 8


class Shape:
    """The columns of one stream, and the rule that makes rows of a value.

    ``features`` is None until the first call fixes them.
    """

    __slots__ = ("_fixed", "_known", "_max_bytes", "_named", "_row_cost", "_row_length", "_stream")

    def __init__(
        self, stream: str, *, feature_names: Sequence[str] | None, max_call_bytes: int
    ) -> None:
        self._stream = stream
        self._named = feature_names is not None
        # A dictionary, since setdefault() lets exactly one of two racing first calls win.
        self._fixed: dict[str, tuple[str, ...]] = {}
        if feature_names is not None:
            self._fixed["features"] = tuple(feature_names)
        self._max_bytes = max_call_bytes
        self._known: set[frozenset[type]] = set()  # type sets of cells that need nothing more
        # The fast path: how long a list is that is one row (-1: none is), and what it costs.
        self._row_length = -1
        self._row_cost = 0

    def __repr__(self) -> str:
        return f"<Shape of {self._stream}: {self.features}>"

    @property
    def features(self) -> tuple[str, ...] | None:
        """The feature columns, or None before the first call of an unnamed stream."""
        return self._fixed.get("features")

    def freeze(self, data: Any) -> tuple[Any, int, int]:
        """The rows, their number, and their estimated heap bytes.

        Raises EncodeError for a shape or type that cannot be recorded.
        """
        kind = type(data)
        if kind is list:
            # The usual call: one row of numbers, of a length and types that were seen before.
            row = tuple(data)
            if len(row) == self._row_length and frozenset(map(type, row)) in self._known:
                return (row,), 1, self._row_cost
        if kind is list or kind is tuple:
            return self._freeze_list(data)
        if kind.__name__ == "ndarray" and kind.__module__ == "numpy":
            return self._freeze_array(data)
        if kind is dict:
            return self._freeze_dicts([data])
        return self._freeze_list([[self._cell(data)]])

    # Lists -----------------------------------------------------------------------------------

    def _freeze_list(
        self, data: Sequence[Any], names: tuple[str, ...] | None = None
    ) -> tuple[Any, int, int]:
        """Rows of a list; ``names`` are those that the first call would fix."""
        if not data:
            return (), 0, 0
        inner = type(data[0])
        if inner is dict:
            return self._freeze_dicts(data)
        if inner is list or inner is tuple or (inner.__name__ == "ndarray" and data[0].ndim):
            self._refuse_above(POINTER * len(data) * len(data[0]))
            rows = data
        elif self._named and self._width(1) == 1:
            rows = [(cell,) for cell in data]
        else:
            rows = (data,)
        width = self._width(len(rows[0]))
        if not width:
            raise EncodeError(
                f"{self._stream}: a row without cells cannot be recorded", reason="shape"
            )
        cost = _estimate(len(rows), width)
        self._refuse_above(cost)
        frozen = []
        for row in rows:
            kind = type(row)
            if kind is not list and kind is not tuple:
                if kind.__name__ != "ndarray":
                    raise self._misfit(data, width)
                row = row.tolist() if row.dtype.kind == "f" and row.itemsize == 8 else list(row)
            if len(row) != width:
                raise self._misfit(data, width)
            row = tuple(row)
            types = frozenset(map(type, row))
            if types not in self._known:
                row, text = self._check(row, types)
                cost += text
            frozen.append(row)
        self._refuse_above(cost)
        self._fix(width, data, names)
        return tuple(frozen), len(frozen), cost

    def _freeze_dicts(self, data: Sequence[Any]) -> tuple[Any, int, int]:
        """Rows by name: absent is missing, unknown is refused. The first one fixes the names."""
        names = self.features or self._check_names(tuple(data[0]))
        known = set(names)
        rows = []
        for row in data:
            if type(row) is not dict:
                raise EncodeError(
                    f"{self._stream}: a list of dicts holds a {type(row).__name__}", reason="shape"
                )
            unknown = row.keys() - known
            if unknown:
                raise EncodeError(
                    f"{self._stream}: no columns {', '.join(sorted(map(str, unknown))[:6])}; there "
                    f"are {_some(names)}",
                    reason="shape",
                )
            rows.append([row.get(name) for name in names])
        return self._freeze_list(rows, names)

    def _check_names(self, names: tuple[Any, ...]) -> tuple[str, ...]:
        for name in names:
            if type(name) is not str or not name or name.startswith("$aml_"):
                raise EncodeError(
                    f"{self._stream}: a column cannot be called {name!r}; names are text, not "
                    "empty, and do not begin with $aml_",
                    reason="shape",
                )
        return names

    def _check(self, row: tuple[Any, ...], types: frozenset[type]) -> tuple[tuple[Any, ...], int]:
        """The row with cells of exact types only, and the bytes of its text."""
        if types <= _NUMERIC:
            self._known.add(types)
            return row, 0
        if not types.issubset(_CELLS):
            row = tuple(self._cell(cell) for cell in row)
        # Text by its length: four bytes a character at most, on the heap and as UTF-8.
        return row, sum(4 * len(cell) for cell in row if type(cell) is str)

    def _cell(self, cell: Any) -> Any:
        kind = type(cell)
        if kind in _CELLS:
            return cell
        if kind.__module__ == "numpy" and getattr(cell, "ndim", None) == 0:
            dtype = cell.dtype
            if dtype.kind == "f" and dtype.itemsize < 8:
                # A float32 is written as a float32: through its own shortest text.
                return float(str(cell))
            if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize == 8):
                return cell.item()
        if kind in (list, tuple, dict, set):
            raise EncodeError(
                f"{self._stream}: a cell is a {kind.__name__}; nested values are not available yet",
                reason="type",
            )
        raise EncodeError(
            f"{self._stream}: cells of type {kind.__module__}.{kind.__qualname__} are not "
            "available yet; record numbers, text, booleans and None",
            reason="type",
        )

    # Arrays ----------------------------------------------------------------------------------

    def _freeze_array(self, data: Any) -> tuple[Any, int, int]:
        dtype = data.dtype
        if dtype.kind not in "biuf" or dtype.itemsize > 8:
            raise EncodeError(
                f"{self._stream}: arrays of dtype {dtype} are not available yet; record integers, "
                "booleans or floats of up to 64 bits",
                reason="type",
            )
        if data.ndim == 0:
            return self._freeze_list([[data[()]]])
        if data.ndim > 2:
            raise self._misfit(data, self._width(1))
        if data.size == 0:
            return (), 0, 0
        self._refuse_above(POINTER * data.size)
        given = data
        if data.ndim == 1:
            as_column = self._named and self._width(1) == 1
            data = data.reshape(-1, 1) if as_column else data.reshape(1, -1)
        width = self._width(data.shape[1])
        if data.shape[1] != width:
            raise self._misfit(given, width)
        rows = len(data)
        cost = _estimate(rows, 0) + data.nbytes
        self._refuse_above(cost)
        self._fix(width, data)
        # C order and the machine's byte order, which is what an encoder can walk.
        return data.astype(dtype.newbyteorder("="), order="C", copy=True), rows, cost

    # Columns and refusals --------------------------------------------------------------------

    def _width(self, first: int) -> int:
        """How many features there are; ``first`` where no call has fixed them yet."""
        features = self._fixed.get("features")
        return first if features is None else len(features)

    def _fix(self, width: int, data: Any, names: tuple[str, ...] | None = None) -> None:
        """Let the first value that can be recorded fix the columns of an unnamed stream."""
        features = self._fixed.get("features")
        if features is None:
            fixed = names or tuple(f"f{number}" for number in range(width))
            features = self._fixed.setdefault("features", fixed)
        # Another thread's first call may have won, after this one has looked.
        if len(features) != width or (names and features != names):
            raise self._misfit(data, len(features))
        if self._row_cost:
            return
        self._row_cost = _estimate(1, width)
        if self._row_cost <= self._max_bytes and (width > 1 or not self._named):
            self._row_length = width

    def _refuse_above(self, cost: int) -> None:
        """Refuse what is too large; before it is copied, since the copy would stall the caller."""
        if cost > self._max_bytes:
            raise EncodeError(
                f"{self._stream}: a call of about {cost} bytes is above limits.max_call_bytes="
                f"{self._max_bytes}; collect fewer rows at a time",
                reason="too_large",
            )

    def _misfit(self, data: Any, width: int) -> EncodeError:
        shape = getattr(data, "shape", None)
        if shape is None:
            inner = {len(row) if hasattr(row, "__len__") else 0 for row in data}
            nested = type(data[0]) in (list, tuple)
            lengths = ", ".join(map(str, sorted(inner)[:4]))
            shape = f"{len(data)} rows of {lengths}" if nested else f"({len(data)},)"
        names = _some(self.features or ())
        return EncodeError(
            f"{self._stream}: a value of shape {shape} does not fit the {width} columns {names}; "
            f"give one row of {width} cells, or rows of {width} cells each",
            reason="shape",
        )


def _estimate(rows: int, width: int) -> int:
    """The heap bytes of a call of so many rows of numbers."""
    return CALL_COST + rows * (ROW_COST + CELL_COST * width)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
