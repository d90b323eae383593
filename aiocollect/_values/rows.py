"""Rows: the elements of a list of rows, with names or without.

A list can hold rows, records, rows of a frame, arrays and tables; each is an Item, which knows its
number of rows before they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final

from .._validation.columns import label
from ..errors import EncodeError
from .cells import SHOWN, Kinds, types_of
from .costs import estimate
from .interop.exact import CellError
from .interop.numpy_arrays import listed
from .interop.table import Column, Table

__all__ = [
    *("Item", "RowsOf", "dict_rows", "gaps_filled", "ordered", "plain_row", "records_of"),
    "rows_within",
]

# The types of elements that can only be rows.
_ROWS: Final = frozenset(frozenset(some) for some in ({list}, {tuple}, {dict}, {list, tuple}))


class RowsOf:
    """A value whose elements are rows, whatever they contain: see collect_rows()."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<RowsOf a value>"


class Item:
    """One element of a list: ``rows`` rows with ``names``, or None where the order counts.

    ``size`` is the bytes of its cells beyond those of numbers, as far as known. ``labelled``: its
    names are the labels of a Series, which can be cells. ``ambiguous``: they are as likely cells as
    names.
    """

    __slots__ = ("_read", "ambiguous", "labelled", "names", "rows", "size", "width")

    def __init__(
        self,
        names: tuple[Any, ...] | None,
        read: Callable[[str], Sequence[Any]],
        *,
        rows: int = 1,
        width: int,
        size: int = 0,
    ) -> None:
        self.names = names
        self.rows = rows
        self.width = width
        self.size = size
        self.labelled = False
        self.ambiguous = False
        self._read = read

    def __repr__(self) -> str:
        return f"<Item of {self.rows} rows>"

    @classmethod
    def of(cls, found: Any, one_column: bool, features: Sequence[str]) -> Item | None:
        """A recognised value as an element of a list; None if it is a single cell. ``one_column``:
        labels are not names. Raises CellError for what cannot be a row."""
        kind = type(found)
        if kind is dict:
            return cls.of_record(found)
        if kind is list or kind is tuple:
            return cls(None, lambda stream: [found], width=len(found))
        if kind is Table:
            names = found.names
            return cls(names, found.read, rows=found.rows, width=found.width, size=found.size)
        if kind is Column:
            return cls.of_column(found, one_column, features)
        ndim = getattr(found, "ndim", 0)
        if not ndim or not hasattr(found, "dtype"):
            return None
        if found.dtype.names:
            return cls.of(records_of(found), one_column, features)
        if ndim > 1:
            raise CellError(
                f"a list of arrays of shape {tuple(found.shape)} does not have one row per "
                "element; pass each array alone, or arrays of one dimension",
                reason="shape",
            )
        return cls(None, lambda stream: [listed(found)], width=len(found))

    @classmethod
    def of_record(cls, record: dict[Any, Any]) -> Item:
        """A row by name."""
        names = tuple(record)
        if {str}.issuperset(map(type, names)):
            return cls(names, lambda stream: [record.values()], width=len(names))
        names = tuple([_plain_name(name) for name in names])
        return cls(names, lambda stream: [record.values()], width=len(names))

    @classmethod
    def of_column(cls, column: Column, one_column: bool, features: Sequence[str]) -> Item:
        """A Series as a row."""
        labels = None if one_column else column.labels()
        name = label(column.name)
        if labels is None and not one_column and name is not None and name in features:
            raise CellError(
                f"a list of columns (one is named {name[:SHOWN]}) was passed instead of "
                "rows; pass a DataFrame of them",
                reason="shape",
            )
        item = cls(labels, lambda stream: [column.row()], width=column.rows)
        item.labelled = labels is not None
        # A row of a frame is named after its index label: a number, unless the index has text.
        item.ambiguous = item.labelled and (column.name is None or name is not None)
        return item

    def is_named(self, features: Sequence[str] | None) -> bool:
        """Whether its names are certainly names of columns."""
        if self.names is None or features is None:
            return self.names is not None and not self.ambiguous
        return set(features).issuperset(self.names)

    def read(self, stream: str) -> Sequence[Any]:
        """The rows, in the order of the names if there are any. Raises EncodeError."""
        try:
            return self._read(stream)
        except CellError as error:
            text, reason = f"{stream}: {error}", error.reason
        # Outside of the handler, so that the exception's context does not lead to a cell.
        raise EncodeError(text, reason=reason)

    def read_by(self, order: tuple[str, ...], stream: str) -> list[tuple[Any, ...]]:
        """The rows with their cells in this order; a cell that is absent is missing."""
        assert self.names is not None
        if self.names == order:
            return [tuple(row) for row in self.read(stream)]
        places = {name: place for place, name in enumerate(self.names)}
        way = tuple([places.get(name, -1) for name in order])
        return [ordered(tuple(row), way) for row in self.read(stream)]


def records_of(array: Any) -> Table:
    """A structured array, whose elements are rows: a column for each field."""
    names = tuple(array.dtype.names)
    array = array.reshape(-1)
    return Table(
        names,
        rows=len(array),
        width=len(names),
        columns=lambda: (listed(array[name]) for name in names),
    )


def plain_row(row: Any, item: Callable[[Any], Item | None], stream: str) -> tuple[Any, ...] | None:
    """The cells of a row in a list; None if it is not a row, or has names where the others have
    none. Raises EncodeError."""
    kind = type(row)
    if kind is tuple:
        return row  # type: ignore[no-any-return]
    if kind is list:
        return tuple(row)
    found = item(row)
    if found is None or found.names is not None or found.rows != 1:
        return None
    return tuple(found.read(stream)[0])


def rows_within(
    data: Any,
    item: Callable[[Any], Item | None],
    features: Sequence[str],
    refuse_above: Callable[[int], object],
) -> Sequence[Any] | None:
    """The elements of an array or Column as rows, as the elements of a list would be; None if they
    are the cells of a single row.

    They are rows if each of them could be one, or if the type says so. ``item`` makes a row of an
    element; ``refuse_above`` is called with the cost before they are read. Raises CellError for a
    missing row between rows.
    """
    nested = False
    if type(data) is Column:
        if data.nested is False:
            return None
        nested = data.nested is True
        length, read = data.rows, data.each
    elif getattr(data, "ndim", 0) == 1 and getattr(data.dtype, "kind", "") == "O":
        length, read = len(data), lambda: listed(data)
    else:
        return None
    if nested or length != len(features):  # it would not fit as a single row
        refuse_above(estimate(length, len(features)))
    cells = read()
    if types_of(cells) in _ROWS:
        return cells
    fit, known, gaps = True, set(features), 0
    for cell in cells:
        if _is_gap(cell):
            gaps += 1
            continue
        one = item(cell)
        if one is None:
            return None
        if one.names is None:
            fit = fit and one.width == len(features)
        else:
            fit = fit and (not known or known.issuperset(one.names))
    if not gaps:
        return cells
    if nested or (fit and gaps < len(cells)):
        raise CellError(
            f"{gaps} of {len(cells)} rows are missing as a whole; leave them out", reason="shape"
        )
    return None


def _is_gap(cell: Any) -> bool:
    kind = type(cell)
    if kind is float:
        return bool(cell != cell)
    return cell is None or kind.__name__ in ("NAType", "NaTType")


def ordered(row: tuple[Any, ...], way: tuple[int, ...]) -> tuple[Any, ...]:
    """The cells at these indexes; -1 is a missing cell."""
    return tuple([None if place < 0 else row[place] for place in way])


# Missing ----------------------------------------------------------------------------------------


def gaps_filled(
    rows: list[tuple[Any, ...]], kinds: Iterable[Kinds | None], texts: frozenset[int]
) -> frozenset[int]:
    """Make NaN a missing cell in those columns of frozen rows that also hold values other than
    numbers, here or in ``texts``; returns the indexes of all such columns. ``kinds`` are those of
    the rows."""
    found = [some for some in kinds if some is not None]
    texts = texts.union(*[some.others for some in found])
    gaps = texts.intersection(chain.from_iterable([some.floats for some in found]))
    for place in gaps:
        for at, row in enumerate(rows):
            cell = row[place]
            if type(cell) is float and cell != cell:
                rows[at] = (*row[:place], None, *row[place + 1 :])
    return texts


def dict_rows(data: Sequence[Any], order: tuple[str, ...]) -> list[tuple[Any, ...]] | None:
    """The rows of plain dicts in this order, at a third of the cost of Parts; None if one is
    another kind of record, or has an unknown name."""
    width = len(order)
    known: frozenset[str] | None = None
    rows: list[tuple[Any, ...]] = []
    for record in data:
        if type(record) is not dict:
            return None
        if len(record) == width:
            try:
                rows.append(tuple(map(record.__getitem__, order)))
                continue
            except KeyError:
                pass
        known = known or frozenset(order)
        if not record.keys() <= known:
            return None
        rows.append(tuple(map(record.get, order)))
    return rows


def _plain_name(name: Any) -> Any:
    text = label(name)
    return name if text is None else text
