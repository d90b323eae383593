"""Shape and freeze: turns a value given to collect() into immutable rows.

Shape, with k features: a 2-D value is its rows. A 1-D value is n rows if k is 1 and the feature was
named; else it is one row, and its length must be k. Dicts, records and tables match by name: an
absent column is missing, an unknown one is refused. A list of records, of rows of a frame or of
tables is all their rows; so is an array or Series of rows, unless the stream has one column.
Without names the first call fixes the columns: the keys of a dict, the names of a table, else f0,
f1 …

Freeze: a list becomes tuples of immutable cells (cells.py); a numpy array is copied; tables are
read (interop/). The types of a row are looked up as one frozen set among those of numbers, so the
usual row costs one look-up and no check per cell.
A value is refused for its shape and size before it is walked.

Missing: in a column that has anything but numbers, NaN means missing, since that is how pandas
hands it over in lists, dicts and arrays of objects. A single list is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from .._native import ShapeBase
from .._validation.columns import label
from ..errors import EncodeError
from .cells import NUMERIC, Cells, Kinds, are_numbers, is_one_of, kinds_of, types_of
from .costs import estimate, row_cost, too_large
from .interop.exact import CellError
from .interop.numpy_arrays import is_masked, is_plain, kept_digits, listed, refusal
from .interop.recognise import Column, Table, recognise
from .misfits import ambiguous, checked, misfit, mixed, not_a_row, refuse_unknown, single
from .numbers import at_once
from .rows import Item, RowsOf, dict_rows, gaps_filled, ordered, plain_row, records_of, rows_within

__all__ = ["RowsOf", "Shape"]

_ROWS: Final[frozenset[type]] = frozenset({list, tuple})
_ODD: Final[frozenset[type]] = frozenset({object})
# Types that are a single cell, and never a row.
_SINGLE: Final[frozenset[type]] = NUMERIC | {str, bytes}
_T = TypeVar("_T")


class Shape(ShapeBase):
    """One stream's columns, and how a value becomes rows. ``features`` is None until the first call
    fixes them; ``check`` refuses them by raising."""

    __slots__ = (
        *("_cells", "_check", "_first", "_named", "_stream", "_texts", "row_cost", "row_length"),
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
        # For columns without names: setdefault() lets exactly one of two racing first calls win.
        self._first: dict[str, tuple[str, ...]] | None = {} if feature_names is None else None
        self.max_bytes = max_call_bytes
        self._cells = Cells(stream, media=media, max_bytes=max_call_bytes)
        self._texts: frozenset[int] = frozenset()  # columns with values other than numbers
        self.texts, self.width, self.is_column = None, -1, False
        self.row_length = -1  # how long a list is that is one row; -1: none
        self.array = None  # of numpy's arrays, once one was seen
        self.row_cost = 0

    def __repr__(self) -> str:
        return f"<Shape of {self._stream}: {self.features}>"

    def admit(self) -> None:
        """The path has admitted the columns, which are fixed by now."""
        self.width, self.is_column = self._width(-1), self.is_one_column

    def freeze(self, data: Any) -> tuple[Any, int, int]:
        """The rows, their number, and their estimated bytes of heap. Raises EncodeError."""
        kind = type(data)
        if (kind is list or kind is tuple) and len(data) == self.row_length:
            # One row of a length that was seen before; of numbers and text, at a third of the cost.
            row = tuple(data)
            kinds = kinds_of(row)
            if kinds is not None and kinds.plain and len(row) == self.row_length:
                cost = self.row_cost
                if not kinds.numeric:
                    cost += 4 * sum([len(row[place]) for place in kinds.others])
                if cost <= self.max_bytes:
                    return (row,), 1, cost
        if kind is RowsOf:
            return self._freeze_rows_of(data.value)
        if kind is not list and kind is not tuple and kind is not dict:
            data = self._recognised(data)
            kind = type(data)
        if kind is list or kind is tuple:
            return self._freeze_list(data)
        if kind is dict:
            return self._freeze_records((data,))
        if kind is Table:
            return self._freeze_table(data)
        if kind is Column:
            return self._freeze_column(data)
        if hasattr(data, "dtype") and getattr(data, "shape", None):
            return self._freeze_array(data)
        width = self._width(1)
        if width == 1:
            return self._freeze_rows([(data,)], None, data)
        raise single(kind, width, self.features or (), stream=self._stream)

    def _recognised(self, data: Any) -> Any:
        return recognise(data, stream=self._stream, max_bytes=self.max_bytes)

    # Lists -----------------------------------------------------------------------------------

    def _freeze_list(self, data: Sequence[Any]) -> tuple[Any, int, int]:
        if not data:
            return (), 0, 0
        first = data[0]
        inner = type(first)
        if inner is list or inner is tuple:
            self._refuse_above(estimate(len(data), len(first)))
            return self._freeze_rows(data, None, data)
        if inner is dict:
            return self._freeze_records(data)
        if self._item(first) is not None:
            return self._freeze_each(data)
        if self.is_one_column:
            self._refuse_above(estimate(len(data), 1))
            return self._freeze_rows([(cell,) for cell in data], None, data)
        self._refuse_above(estimate(1, len(data)))
        return self._freeze_rows((data,), None, data)

    def _freeze_each(self, data: Sequence[Any]) -> tuple[Any, int, int]:
        """A list of records, rows of a frame, arrays or tables: their rows, by name if the first
        has any."""
        self._refuse_above(estimate(len(data), self._width(1)))
        rows: list[Any] = []
        order: tuple[str, ...] | None = None
        for place, one in enumerate(data):
            item = self._item(one)
            if item is None or (place and (item.names is None) is not (order is None)):
                raise mixed(type(one), stream=self._stream, named=order is not None)
            width = self._width(item.width)
            self._refuse_above(estimate(len(rows) + item.rows, width) + item.size)
            if item.names is None:
                rows += item.read(self._stream)
                continue
            order = order or self._order_of(item)
            self._refuse_unknown(item, order)
            rows += item.read_by(order, self._stream)
        return self._freeze_rows(rows, order, data)

    def _item(self, one: Any) -> Item | None:
        """An element of a list as the row or rows that it is; None if it is a cell."""
        kind = type(one)
        if is_one_of(kind, _SINGLE):
            return None
        if kind is not list and kind is not tuple and kind is not dict:
            one = self._recognised(one)
        return self._read(lambda: Item.of(one, self.is_one_column, self.features or ()))

    def _freeze_rows_of(self, value: Any) -> tuple[Any, int, int]:
        """The rows given to collect_rows(), whatever their cells are."""
        kind = type(value)
        if kind is not list and kind is not tuple:
            value = self._recognised(value)
            if type(value) is Table:
                return self._freeze_table(value)
            if hasattr(value, "dtype") and (value.ndim == 2 or value.dtype.names):
                return self._freeze_array(value)
            rows = self._rows_within(value)
            if rows is None:
                raise not_a_row(kind, stream=self._stream)
            value = rows
        for row in value:
            if type(row) is not list and type(row) is not tuple and self._item(row) is None:
                raise not_a_row(type(row), stream=self._stream)
        return self._freeze_list(value)

    def _freeze_rows(
        self, rows: Sequence[Any], names: tuple[str, ...] | None, data: Any
    ) -> tuple[Any, int, int]:
        """Freeze rows of cells. ``names`` are those that a first call would fix, ``data`` is their
        source."""
        if not rows:
            return (), 0, 0
        width = self._width(len(rows[0]))
        if not width:
            raise EncodeError(
                f"{self._stream}: a row without cells cannot be recorded", reason="shape"
            )
        cost = estimate(len(rows), width)
        self._refuse_above(cost)
        if len(rows) > 1 and not self._texts and (types_of(rows) or _ODD) <= _ROWS:
            many = at_once(rows, width)
            if many is not None:
                self._fix(width, data, names)
                return many, len(many), cost
        frozen = []
        seen: dict[int, Kinds | None] = {}
        columns = names or self.features or ()
        for row in rows:
            cells = plain_row(row, self._item, self._stream)
            if cells is None or len(cells) != width:
                raise self._misfit(data, width)
            kinds = kinds_of(cells)
            if kinds is None or not kinds.numeric:
                cells, more = self._cells.row(cells, kinds, columns)
                cost += more
                self._refuse_above(cost)
                if kinds is None or not kinds.plain:
                    kinds = kinds_of(cells)
            seen[id(kinds)] = kinds
            frozen.append(cells)
        if rows[0] is not data:  # a single list is taken as it is
            self._texts = texts = gaps_filled(frozen, seen.values(), self._texts)
            self.texts = bytes([place in texts for place in range(width)]) if texts else None
        self._fix(width, data, names)
        return tuple(frozen), len(frozen), cost

    # By name ---------------------------------------------------------------------------------

    def _freeze_records(self, data: Sequence[dict[Any, Any]]) -> tuple[Any, int, int]:
        """Freeze rows by name: absent is missing, unknown is refused. The first row fixes the
        names."""
        first = data[0]
        self._refuse_above(estimate(len(data), len(first)))
        order = self.features or tuple(first)
        if self.features is None and not {str}.issuperset(map(type, order)):
            return self._freeze_each(data)
        rows = dict_rows(data, order)
        if rows is None:
            return self._freeze_each(data)
        if self.features is None:
            checked(order, self._stream)
        elif len(rows) == 1 and self.row_cost and not self._texts and are_numbers(rows[0]):
            return tuple(rows), 1, self.row_cost
        return self._freeze_rows(rows, order, data)

    def _freeze_column(self, column: Column) -> tuple[Any, int, int]:
        """Freeze a Series: as a column if the stream has one column, else as a row."""
        if not column.rows:
            return (), 0, 0
        features = self.features
        if self.is_one_column or (features == (label(column.name),)):
            self._refuse_above(estimate(column.rows, 1))
            cells = self._read(column.column)
            return self._freeze_rows([(cell,) for cell in cells], None, column)
        self._refuse_above(estimate(1, column.rows))
        item = self._read(lambda: Item.of_column(column, False, ()))
        if not item.is_named(features):
            rows = self._rows_within(column)
            if rows is not None:
                return self._freeze_list(rows)
        if item.names is None:
            return self._freeze_rows([tuple(item.read(self._stream)[0])], None, column)
        order = self._order_of(item)
        self._refuse_unknown(item, order)
        return self._freeze_rows(item.read_by(order, self._stream), order, column)

    def _rows_within(self, data: Any) -> Sequence[Any] | None:
        """The elements of a 1-D array or Column, if they are rows."""
        features = self.features or ()
        return self._read(lambda: rows_within(data, self._item, features, self._refuse_above))

    def _order_of(self, item: Item) -> tuple[str, ...]:
        """The names of all columns; those of this item if no call has fixed them yet."""
        if self.features is not None:
            if item.names is not None and len(set(item.names)) < len(item.names):
                checked(item.names, self._stream)
            return self.features
        if item.ambiguous:
            raise ambiguous(self._stream)
        return checked(item.names or (), self._stream)

    @property
    def is_one_column(self) -> bool:
        """Whether there is one feature, and it was named: then a 1-D value is n rows."""
        return self._named and self._width(0) == 1

    def _read(self, read: Callable[[], _T]) -> _T:
        """The result of ``read``; a CellError becomes an EncodeError that names the stream."""
        try:
            return read()
        except CellError as error:
            text, reason = f"{self._stream}: {error}", error.reason
        # Outside of the handler, so that the exception's context does not lead to a cell.
        raise EncodeError(text, reason=reason)

    def _freeze_table(self, table: Table) -> tuple[Any, int, int]:
        """Freeze the rows of a table: by the names of its columns, or in their order if it has
        none."""
        if not table.rows:
            return (), 0, 0
        names = table.names
        features = self.features
        if names is not None:
            checked(names, self._stream)
            features = features or names
            self._refuse_unknown(table, features)
        width = table.width if features is None else len(features)
        self._refuse_above(estimate(table.rows, width) + table.size)
        whole = table.stack()
        if names is None:
            if whole is not None:
                return self._freeze_array(whole)
            return self._freeze_rows(table.read(self._stream), None, table)
        assert features is not None
        places = {name: place for place, name in enumerate(names)}
        order = tuple(places.get(name, -1) for name in features)
        if whole is not None and -1 not in order:
            return self._freeze_array(whole[:, order], features)
        rows = [ordered(row, order) for row in table.read(self._stream)]
        return self._freeze_rows(rows, features, table)

    # Arrays ----------------------------------------------------------------------------------

    def _freeze_array(
        self, data: Any, names: tuple[str, ...] | None = None
    ) -> tuple[Any, int, int]:
        """Freeze the rows of a numpy array. ``names`` are those that a first call would fix."""
        dtype = data.dtype
        if dtype.names:
            return self._freeze_table(records_of(data))
        if data.ndim > 2:
            raise self._misfit(data, self._width(1))
        if data.size == 0:
            return (), 0, 0
        as_column = data.ndim == 1 and self.is_one_column
        given = data
        one = data.ndim == 1 and data.size == self.row_length and dtype.char == "d"
        if one and type(data).__name__ == "ndarray":
            # One row of floats: a tuple costs a third of an array.
            self.array = type(data)
            return (tuple(data.tolist()),), 1, self.row_cost
        if data.ndim == 1 and dtype.kind == "O" and not as_column:
            rows = self._rows_within(data)
            if rows is not None:
                return self._freeze_list(rows)
        if data.ndim == 1:
            data = data.reshape(-1, 1) if as_column else data.reshape(1, -1)
        count, width = data.shape
        if width != self._width(width):
            raise self._misfit(given, self._width(width))
        if type(given).__name__ == "ndarray":
            self.array = type(given)
        if not is_plain(dtype) or is_masked(data):
            self._refuse_above(estimate(count, width))
            if not is_plain(dtype) and dtype.kind in "cfV" and not dtype.names:
                raise EncodeError(f"{self._stream}: {refusal(dtype)}", reason="type")
            return self._freeze_rows(self._read(lambda: listed(data)), names, given)
        cost = estimate(count, 0) + data.nbytes
        self._refuse_above(cost)
        self._fix(width, given, names)
        # C order and native byte order, which encoders can walk.
        data = kept_digits(data.astype(dtype.newbyteorder("="), order="C", copy=True))
        return data, count, cost

    # Columns and refusals --------------------------------------------------------------------

    def _width(self, first: int) -> int:
        """The number of features; ``first`` if no call has fixed them yet."""
        return first if self.features is None else len(self.features)

    def _fix(self, width: int, data: Any, names: tuple[str, ...] | None = None) -> None:
        """Fix the columns of an unnamed stream by the first value that can be recorded."""
        features = self.features
        if features is None:
            fixed = names or tuple(f"f{number}" for number in range(width))
            if self._check is not None:
                self._check(fixed)
            assert self._first is not None
            features = self.features = self._first.setdefault("features", fixed)
        # The first call of another thread may have won since we looked.
        if len(features) != width or (names and features != names):
            raise self._misfit(data, len(features))
        if self.row_cost:
            return
        self.row_cost = row_cost(width)
        if self.row_cost <= self.max_bytes and (width > 1 or not self._named):
            self.row_length = width

    def _refuse_unknown(self, found: Item | Table, names: tuple[str, ...]) -> None:
        labelled = type(found) is Item and found.labelled
        refuse_unknown(found.names or (), names, stream=self._stream, labelled=labelled)

    def _refuse_above(self, cost: int) -> None:
        """Refuse what is too large before it is copied, since the copy would stall the caller."""
        if cost > self.max_bytes:
            text = f"{self._stream}: {too_large(cost, self.max_bytes)}"
            raise EncodeError(text, reason="too_large")

    def _misfit(self, data: Any, width: int) -> EncodeError:
        return misfit(data, width, self.features or (), stream=self._stream)
