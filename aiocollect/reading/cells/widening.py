"""The types of a stream that has no end: they are widened where a cell needs it, never narrowed.

A reader of what is there can look at every cell before it says a type; a follower cannot. So each
table has the types that hold all cells up to and with its own, exactly. What cells were like is
part of the position, so that whoever goes on does not begin anew. Pure, over Arrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import SchemaConflict
from ...typing import METADATA
from ..asked.notes import Notes
from .csv_rows import ColumnType, Misfit
from .declared import Declared
from .looks import Looks
from .pieces import RawRows, timed
from .types import FIXED, column_types, undeclared

__all__ = ["Widening"]

ROW = METADATA[2]


class Widening:
    """``told``: types by column. ``looks``: what was seen before."""

    def __init__(
        self, told: Mapping[str, Any], looks: Mapping[str, tuple[str, ...]], notes: Notes
    ) -> None:
        self._told = told
        self._declared: Declared = {}
        self._notes = notes
        self._stream = ""
        self._looks: dict[str, Looks] = {name: frozenset(look) for name, look in looks.items()}

    def __repr__(self) -> str:
        return f"<Widening of {len(self._looks)} columns>"

    @property
    def looks(self) -> dict[str, tuple[str, ...]]:
        """What the cells of each column were like so far."""
        return {name: tuple(sorted(look)) for name, look in self._looks.items()}

    def declare(self, stream: str, declared: Declared) -> None:
        """Take what the pipeline said of the columns' types. It decides what the cells leave open.
        What was said first stays: a later word could make a type narrower."""
        self._stream = stream
        self._declared = {**declared, **self._declared}

    def table(self, piece: RawRows, path: str) -> Any:
        """The rows of a piece in types that hold them. Raises SchemaConflict where a column's type
        was told and a cell is not of it."""
        names = piece.names
        # A file of others may have text without quotes that looks like numbers.
        if ROW not in names or any(name not in self._looks for name in names):
            self._look(piece)
        try:
            found = piece.table(self._types(piece))
        except Misfit:
            self._look(piece)
            try:
                found = piece.table(self._types(piece))
            except Misfit:
                raise self._conflict(piece, path) from None
        if found.left_out:
            self._notes.add("rows", path, "some rows are not valid; left out")
        return timed(found.table)

    def _types(self, piece: RawRows) -> dict[str, ColumnType]:
        looks = {name: self._looks.get(name, frozenset[str]()) for name in piece.names}
        declared, in_json = self._declared, piece.in_json
        types = column_types(looks, self._told, declared, in_json=in_json)
        for name, word in undeclared(looks, declared, in_json=in_json).items():
            if not types[name].told:
                text = f"it was declared as {word}, but has other cells; read as {types[name].type}"
                self._notes.add("declared", f"{self._stream}.{name}", text)
        return types

    def _look(self, piece: RawRows) -> None:
        wanted = [name for name in piece.names if name not in self._told and name not in FIXED]
        for name in piece.names:
            self._looks.setdefault(name, frozenset())
        for name, looks in piece.looks(wanted).items():
            self._looks[name] |= looks

    def _conflict(self, piece: RawRows, path: str) -> SchemaConflict:
        for name, column in self._types(piece).items():
            try:
                piece.table({name: column})
            except Misfit:
                break
        return SchemaConflict(
            f"{path}: column {name!r} has a cell that is not of type {column.type}; set another "
            f"type, for example schema={{{name!r}: str}}"
        )
