"""A table: columns of another package, which are read when it is known that they are not too many.

Nothing of a million rows is touched before their number was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...columns import label
from ...errors import EncodeError
from .exact import CellError, word_for

__all__ = ["Column", "Table", "names_of"]


class Table:
    """``rows`` rows of ``width`` columns. ``names`` is None where they have none.

    ``size`` are the bytes of its cells beyond those of numbers, as far as that is known before they
    are read. ``columns()`` reads them, one list after the other; ``stack()`` gives the whole as one
    numpy array, or None where it is not one of plain numbers.
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
            except BaseException as error:  # other people's code may raise anything; also panics
                text, reason = f"reading it raised {word_for(type(error))}", "type"
                break
            found.append(column)
        # Outside of the handlers, so that no context leads back to a cell.
        name = f"f{len(found)}" if self.names is None else self.names[len(found)]
        raise EncodeError(f"{stream}: column {name[:64]}: {text}", reason=reason)


class Column:
    """One row or column of pandas' that has labels: a Series.

    ``labels`` are None where they are no names, else as text: of a row of a frame they are the
    names of its columns, of a column the index, which may be of customers. Only the stream's
    columns tell which. ``name`` is its own name. ``column()`` gives its cells where it is a
    column, ``row()`` where it is a row, whose cells have nothing in common.
    """

    __slots__ = ("column", "labels", "name", "row", "rows")

    def __init__(
        self,
        labels: tuple[str, ...] | None,
        *,
        name: Any,
        rows: int,
        column: Callable[[], list[Any]],
        row: Callable[[], list[Any]],
    ) -> None:
        self.labels = labels
        self.name = name
        self.rows = rows
        self.column = column
        self.row = row

    def __repr__(self) -> str:
        return f"<Column of {self.rows} cells>"


def names_of(labels: Sequence[Any], what: str) -> tuple[str, ...] | None:
    """Labels as the names of columns; None where they are numbers, tuples or dates: then order
    counts. Raises CellError where some are names and some are not: then nothing is sure."""
    names = [label(one) for one in labels]
    if not names or not any(name is not None for name in names):
        return None
    found = tuple([name for name in names if name is not None])
    if len(found) < len(names):
        other = next(
            type(one).__name__ for one, name in zip(labels, names, strict=True) if name is None
        )
        raise CellError(
            f"{what} are text, but for some of type {other}; make them all text, such as "
            "df.columns.map(str)",
            reason="shape",
        )
    return found
