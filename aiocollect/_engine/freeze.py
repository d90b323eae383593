"""Shape and freeze: turns what the user hands to collect() into rows that nobody can change.

Shape, with k features: a 2-D value is its rows. A 1-D value is n rows where k is 1 and the feature
was named; else it is one row, and its length must be k. Dicts, records and tables match by name:
absent is missing, unknown is refused. Without names the first call fixes the columns: a dict's
keys, a table's names, else f0, f1 …

Freeze: a list becomes tuples of cells of exact immutable types (cells.py), or, where it is many
rows of numbers, written rows; a numpy array is copied; tables are read (frames.py). Which types a
row has is looked up as one frozen set among those of numbers, so that the usual row costs one
look-up and no test per cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import orjson

from ..errors import EncodeError
from .cells import NUMERIC, NUMERIC_ROWS, Cells
from .frames import Table, as_dict, recognise

__all__ = ["Shape"]

# Estimates of heap bytes: a float is 24 and its pointer 8; a row's tuple 40 and the text of its id,
# time and index about 80; a call's tuple, id and slot about 250.
CELL_COST = 32
ROW_COST = 120
CALL_COST = 250
POINTER = 8

_ROWS: Final = frozenset({list, tuple})

# What is not exactly a JSON type is not written: it must be frozen cell by cell.
_EXACT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_QUOTE, _NULL, _BRACE = b'"n{'
_row: Final = itemgetter(slice(None, -2))  # of "1,2]," and "1,2]]"


class Shape:
    """The columns of one stream, and the rule that makes rows of a value.

    ``features`` is None until the first call fixes them; ``check`` may object to them by raising.
    """

    __slots__ = (
        *("_cells", "_check", "_first", "_media", "_named", "_stream"),
        *("array", "dtype", "features", "max_bytes", "quick_length", "row_cost", "row_length"),
        "writes",
    )

    def __init__(
        self,
        stream: str,
        *,
        feature_names: Sequence[str] | None,
        max_call_bytes: int,
        media: bool = False,
        check: Callable[[tuple[str, ...]], object] | None = None,
    ) -> None:
        self._stream = stream
        self._named = feature_names is not None
        self._check = check
        self.features = None if feature_names is None else tuple(feature_names)
        # Where they are not named: setdefault() lets exactly one of two racing first calls win.
        self._first: dict[str, tuple[str, ...]] | None = {} if feature_names is None else None
        self.max_bytes = max_call_bytes
        self._media = media
        self._cells: Cells | None = None  # until a row is not of numbers alone
        # For quick.py: how long a list is that is one row (-1: none is), and what it costs.
        self.row_length = -1
        self.quick_length = -1  # the same, once the columns are admitted
        self.array: type | None = None  # numpy's, once one has come
        self.dtype: Any = None
        self.row_cost = 0
        self.writes = False  # many rows become written rows (see QuickEncoder), if they can

    def __repr__(self) -> str:
        return f"<Shape of {self._stream}: {self.features}>"

    def admit(self) -> None:
        """The columns, which are fixed by now, are among those that the path may have."""
        self.quick_length = self.row_length

    def freeze(self, data: Any) -> tuple[Any, int, int]:
        """The rows, their number, and their estimated heap bytes.

        Raises EncodeError for a shape or type that cannot be recorded.
        """
        kind = type(data)
        if kind is list:
            # One row of numbers, of a length that was seen before.
            row = tuple(data)
            if len(row) == self.row_length and frozenset(map(type, row)) in NUMERIC_ROWS:
                return (row,), 1, self.row_cost
        if kind is not list and kind is not tuple and kind is not dict:
            data = recognise(data, stream=self._stream)
            kind = type(data)
        if kind is list or kind is tuple:
            return self._freeze_list(data)
        if kind is dict:
            return self._freeze_dicts([data])
        if kind is Table:
            return self._freeze_table(data)
        if hasattr(data, "dtype") and getattr(data, "shape", None):
            return self._freeze_array(data)
        if self._width(1) != 1:
            raise EncodeError(
                f"{self._stream}: a single {kind.__name__} does not fit the {self._width(1)} "
                f"columns {_some(self.features or ())}; give one row of them",
                reason="shape",
            )
        return self._freeze_list([[data]])

    # Lists -----------------------------------------------------------------------------------

    def _freeze_list(
        self, data: Sequence[Any], names: tuple[str, ...] | None = None
    ) -> tuple[Any, int, int]:
        """Rows of a list; ``names`` are those that the first call would fix."""
        if not data:
            return (), 0, 0
        first = data[0]
        inner = type(first)
        if inner is not list and inner is not tuple and as_dict(first) is not None:
            return self._freeze_dicts(data)
        if inner is list or inner is tuple or getattr(first, "ndim", None):
            self._refuse_above(POINTER * len(data) * len(first))
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
        if len(rows) > 1 and set(map(type, rows)) <= _ROWS:
            many: Any = self._written(rows, width) or self._numbers(rows, width)
            if many is not None:
                self._fix(width, data, names)
                return many, len(many), cost
        frozen = []
        for row in rows:
            kind = type(row)
            if kind is not list and kind is not tuple:
                if not getattr(row, "ndim", 0):
                    raise self._misfit(data, width)
                row = list(row)
            if len(row) != width:
                raise self._misfit(data, width)
            row = tuple(row)
            types = frozenset(map(type, row))
            if types not in NUMERIC_ROWS:
                if self._cells is None:
                    self._cells = Cells(self._stream, media=self._media)
                row, more = self._cells.row(row, types)
                cost += more
                self._refuse_above(cost)
            frozen.append(row)
        self._fix(width, data, names)
        return tuple(frozen), len(frozen), cost

    def _written(self, rows: Sequence[Any], width: int) -> list[bytes] | None:
        """Written rows, where all are of numbers: one call of orjson copies them, looks at their
        types, and encodes them."""
        if not self.writes or set(map(len, rows)) != {width}:
            return None
        count = len(rows)
        try:
            text = orjson.dumps(rows, None, _EXACT)
        except TypeError:
            text = b'"'
        written = text.split(b"[")
        # No text, null (missing or NaN) or dict; nothing nested; and no row that another thread
        # made longer between the first look at their lengths and the writing.
        odd = _QUOTE in text or _NULL in text or _BRACE in text
        if odd or len(written) != count + 2 or set(map(len, rows)) != {width}:
            self.writes = False  # the next ones may have it too
            return None
        return list(map(_row, written[2:]))

    def _numbers(self, rows: Sequence[Any], width: int) -> tuple[Any, ...] | None:
        """Tuples, where all are of numbers: told at once, at a third of the price of one by one."""
        frozen = tuple(map(tuple, rows))
        types = map(type, chain.from_iterable(frozen))
        return frozen if set(map(len, frozen)) == {width} and NUMERIC.issuperset(types) else None

    def _freeze_dicts(self, data: Sequence[Any]) -> tuple[Any, int, int]:
        """Rows by name: absent is missing, unknown is refused. The first one fixes the names."""
        rows = []
        names: tuple[str, ...] = ()
        for row in data:
            record = row if type(row) is dict else as_dict(row)
            if record is None:
                raise EncodeError(
                    f"{self._stream}: a list of dicts holds a {type(row).__name__}", reason="shape"
                )
            names = names or self.features or self._check_names(tuple(record))
            self._refuse_unknown(record.keys(), names)
            rows.append([record.get(name) for name in names])
        return self._freeze_list(rows, names)

    # Tables ----------------------------------------------------------------------------------

    def _freeze_table(self, table: Table) -> tuple[Any, int, int]:
        """Rows of a table: by the names of its columns, or in their order where it has none."""
        if not table.rows:
            return (), 0, 0
        names = table.names
        if names is None:
            self._refuse_above(table.size)
            return self._freeze_list(table.read())
        self._check_names(names)
        features = self.features or names
        self._refuse_unknown(names, features)
        places = {name: place for place, name in enumerate(names)}
        order = tuple(places.get(name, -1) for name in features)
        if table.array is not None and -1 not in order:
            return self._freeze_array(table.array[:, order], features)
        self._refuse_above(_estimate(table.rows, len(features)) + table.size)
        return self._freeze_list([_ordered(row, order) for row in table.read()], features)

    # Arrays ----------------------------------------------------------------------------------

    def _freeze_array(
        self, data: Any, names: tuple[str, ...] | None = None
    ) -> tuple[Any, int, int]:
        """Rows of a numpy array; ``names`` are those that the first call would fix."""
        dtype = data.dtype
        if dtype.names and data.ndim == 1:
            columns = [list(data[name]) for name in dtype.names]
            return self._freeze_table(Table.of(tuple(dtype.names), columns))
        if data.ndim > 2:
            raise self._misfit(data, self._width(1))
        if data.size == 0:
            return (), 0, 0
        self._refuse_above(POINTER * data.size)
        if dtype.kind not in "biuf" or dtype.itemsize > 8:
            return self._freeze_list([list(row) for row in data] if data.ndim == 2 else list(data))
        given = data
        if data.ndim == 1 and data.size == self.row_length and data.dtype.char == "d":
            # One row of floats: as a tuple it is a third of the price of an array.
            if type(data).__module__ == "numpy" and type(data).__name__ == "ndarray":
                self.array, self.dtype = type(data), dtype
            return (tuple(data.tolist()),), 1, self.row_cost
        if data.ndim == 1:
            as_column = self._named and self._width(1) == 1
            data = data.reshape(-1, 1) if as_column else data.reshape(1, -1)
        width = self._width(data.shape[1])
        if data.shape[1] != width:
            raise self._misfit(given, width)
        count = len(data)
        cost = _estimate(count, 0) + data.nbytes
        self._refuse_above(cost)
        self._fix(width, data, names)
        # C order and the machine's byte order, which is what an encoder can walk.
        return data.astype(dtype.newbyteorder("="), order="C", copy=True), count, cost

    # Columns and refusals --------------------------------------------------------------------

    def _width(self, first: int) -> int:
        """How many features there are; ``first`` where no call has fixed them yet."""
        return first if self.features is None else len(self.features)

    def _fix(self, width: int, data: Any, names: tuple[str, ...] | None = None) -> None:
        """Let the first value that can be recorded fix the columns of an unnamed stream."""
        features = self.features
        if features is None:
            fixed = names or tuple(f"f{number}" for number in range(width))
            if self._check is not None:
                self._check(fixed)
            assert self._first is not None
            features = self.features = self._first.setdefault("features", fixed)
        # Another thread's first call may have won, after this one has looked.
        if len(features) != width or (names and features != names):
            raise self._misfit(data, len(features))
        if self.row_cost:
            return
        self.row_cost = _row_cost(width)
        if self.row_cost <= self.max_bytes and (width > 1 or not self._named):
            self.row_length = width

    def _check_names(self, names: tuple[Any, ...]) -> tuple[str, ...]:
        for name in names:
            if type(name) is not str or not name or name.startswith("$aml_"):
                raise EncodeError(
                    f"{self._stream}: a column cannot be called {_shown(name)}; names are text, "
                    "not empty, and do not begin with $aml_",
                    reason="shape",
                )
        if len(set(names)) < len(names):
            raise EncodeError(f"{self._stream}: two columns have one name", reason="shape")
        return names

    def _refuse_unknown(self, found: Any, names: tuple[str, ...]) -> None:
        unknown = set(found).difference(names)
        if unknown:
            raise EncodeError(
                f"{self._stream}: no columns {', '.join(sorted(map(_shown, unknown))[:6])}; there "
                f"are {_some(names)}",
                reason="shape",
            )

    def _refuse_above(self, cost: int) -> None:
        """Refuse what is too large; before it is copied, since the copy would stall the caller."""
        if cost > self.max_bytes:
            raise EncodeError(
                f"{self._stream}: a call of about {cost} bytes is above limits.max_call_bytes="
                f"{self.max_bytes}; collect fewer rows at a time",
                reason="too_large",
            )

    def _misfit(self, data: Any, width: int) -> EncodeError:
        names = _some(self.features or ())
        return EncodeError(
            f"{self._stream}: a value of shape {_shape(data)} does not fit the {width} columns "
            f"{names}; give one row of {width} cells, or rows of {width} cells each",
            reason="shape",
        )


def _estimate(rows: int, width: int) -> int:
    """The heap bytes of a call of so many rows of numbers."""
    return CALL_COST + rows * (ROW_COST + CELL_COST * width)


@cache
def _row_cost(width: int) -> int:
    """That of one row: one number for all streams of this width."""
    return _estimate(1, width)


def _ordered(row: tuple[Any, ...], order: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple([None if place < 0 else row[place] for place in order])


def _shape(data: Any) -> str:
    shape = getattr(data, "shape", None)
    if shape is not None:
        return str(tuple(shape))
    if type(data) is Table:
        return f"{data.rows} rows of {len(data.names or ())}"
    inner = {len(row) if hasattr(row, "__len__") else 0 for row in data}
    nested = type(data[0]) in (list, tuple)
    lengths = ", ".join(map(str, sorted(inner)[:4]))
    return f"{len(data)} rows of {lengths}" if nested else f"({len(data)},)"


def _shown(name: Any) -> str:
    """The name of a column in a message; what is no text may be a cell."""
    return name or "''" if type(name) is str else f"a {type(name).__name__}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
