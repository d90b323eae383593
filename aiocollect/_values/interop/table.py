"""A table: columns of another package, which are read only once their number of rows is admitted.

No cell of a million rows is touched before their number was checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from numbers import Number
from typing import Any, Final

from ..._validation.columns import label
from ...errors import EncodeError
from .exact import CellError, short_name

__all__ = ["Column", "Table", "names_of"]


class Table:
    """``rows`` rows of ``width`` columns. ``names`` is None if they have none.

    ``size`` is the bytes of its cells beyond those of numbers, as far as known before they are
    read. ``columns()`` reads them, one list after the other; ``stack()`` gives all of them as one
    numpy array, or None if they are not all plain numbers.
    """

    __slots__ = ("columns", "names", "rows", "size", "stack", "width")

    def __init__(
        self,
        names: tuple[str, ...] | None,
        *,
        rows: int,
        width: int,
        columns: Callable[[], Iterator[list[Any]]],
        size: int = 0,
        stack: Callable[[], Any] = lambda: None,
    ) -> None:
        self.names = names
        self.rows = rows
        self.width = width
        self.size = size
        self.columns = columns
        self.stack = stack

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows and {self.width} columns>"

    def read(self, stream: str) -> list[tuple[Any, ...]]:
        """The rows as tuples of cells. Raises EncodeError, which names the column."""
        found: list[list[Any]] = []
        columns = self.columns()
        while True:
            try:
                column = next(columns)
            except StopIteration:
                return list(zip(*found, strict=True))
            except CellError as error:
                text, reason = str(error), error.reason
                break
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # foreign code can raise anything, panics included
                text, reason = f"reading it raised {short_name(type(error))}", "type"
                break
            found.append(column)
        # Outside of the handlers, so that the exception's context does not lead to a cell.
        name = f"f{len(found)}" if self.names is None else self.names[len(found)]
        raise EncodeError(f"{stream}: column {name[:64]}: {text}", reason=reason)


# Types of labels that mean a position: numbers, dates, the tuples of a table with several headers.
_PLACES: Final = (Number, date, timedelta, tuple, type(None))
_PACKAGES: Final = frozenset({"numpy", "pandas"})


class Column:
    """A value of one dimension of another package: a column, a row, or rows.

    ``labels()`` gives its labels as text, or None if they are not names. For a row of a frame they
    are the names of its columns, for a column the index, which can be of customers; only the
    columns of the stream tell which. Raises CellError if nothing does. ``name`` is its own name.
    ``column()`` gives its cells as a column, ``row()`` as a row, whose cells can have different
    types.

    ``nested``: whether its type says that each cell is itself a row, which ``each()`` gives: a
    struct, map or list. None if only the cells tell.
    """

    __slots__ = ("column", "each", "labels", "name", "nested", "row", "rows")

    def __init__(
        self,
        *,
        rows: int,
        column: Callable[[], list[Any]],
        row: Callable[[], list[Any]] | None = None,
        each: Callable[[], list[Any]] | None = None,
        nested: bool | None,
        labels: Callable[[], tuple[str, ...] | None] = lambda: None,
        name: Any = None,
    ) -> None:
        self.labels = labels
        self.name = name
        self.rows = rows
        self.nested = nested
        self.column = column
        self.row = row or column
        self.each = each or self.row

    def __repr__(self) -> str:
        return f"<Column of {self.rows} cells>"


def names_of(labels: Sequence[Any], what: str) -> tuple[str, ...] | None:
    """Labels as the names of columns; None if they are numbers, tuples or dates: then the order
    counts. Raises CellError if only some are names, or if a type can be either."""
    names = [label(one) for one in labels]
    found = tuple([name for name in names if name is not None])
    if len(found) == len(names):
        return found or None
    others = [type(one) for one, name in zip(labels, names, strict=True) if name is None]
    odd = [kind for kind in others if not _is_position(kind)]
    if not odd and not found:
        return None
    kind = (odd or others)[0]
    word = "bytes that are not UTF-8" if issubclass(kind, bytes) else f"of type {short_name(kind)}"
    text = "text except for some " if found else ""
    raise CellError(
        f"{what} are {text}{word}; make them all text, such as df.columns.map(str)", reason="shape"
    )


def _is_position(kind: type) -> bool:
    """Whether a label of this type, which is not text, can mean a position."""
    if issubclass(kind, bytes) or hasattr(kind, "_member_map_"):
        return issubclass(
            kind, int
        )  # an enumeration's members have names, unless they are integers
    return issubclass(kind, _PLACES) or str(kind.__module__).partition(".")[0] in _PACKAGES
