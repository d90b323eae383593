"""Forms of plain Python: lists, tuples, dicts, and records of classes."""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
from collections.abc import Callable
from random import Random
from typing import Any, Final

import attrs
import numpy as np
import pydantic

from ..tables import Table
from .registry import form, shuffled


@form(positional=True)
def lists(table: Table, random: Random) -> Any:
    return table.cells()


@form(positional=True)
def tuples(table: Table, random: Random) -> Any:
    return tuple(tuple(row) for row in table.cells())


@form(positional=True)
def lists_and_tuples(table: Table, random: Random) -> Any:
    return [random.choice((list, tuple))(row) for row in table.cells()]


def named_rows(table: Table, random: Random) -> list[dict[str, Any]]:
    order = shuffled(table.names, random)
    rows = []
    for row in table.cells():
        cells = dict(zip(table.names, row, strict=True))
        rows.append({name: cells[name] for name in order})
    return rows


@form()
def dicts(table: Table, random: Random) -> Any:
    return named_rows(table, random)


@form()
def dicts_without_what_is_missing(table: Table, random: Random) -> Any:
    first, *others = named_rows(table, random)
    return [first, *({n: c for n, c in row.items() if c is not None} for row in others)]


@form()
def mappings(table: Table, random: Random) -> Any:
    wraps: list[Any] = [
        collections.OrderedDict,
        collections.ChainMap,
        types.MappingProxyType,
        lambda row: collections.defaultdict(int, row),
        collections.UserDict,
    ]
    return [random.choice(wraps)(row) for row in named_rows(table, random)]


class Word(enum.StrEnum):
    """Names as an application may have them."""

    B, A, CD, AE, XY, ID = "b", "a", "c d", "Ä", "x,y", "id"


class QuotedName(str):
    """As sqlalchemy's quoted_name."""

    __slots__ = ()


LABELS: Final[list[Callable[[str], Any]]] = [str, np.str_, Word, QuotedName]


@form()
def dicts_under_any_class_of_text(table: Table, random: Random) -> Any:
    return [
        {random.choice(LABELS)(name): cell for name, cell in row.items()}
        for row in named_rows(table, random)
    ]


def are_identifiers(table: Table) -> bool:
    return all(name.isidentifier() for name in table.names)


@form()
def named_tuples(table: Table, random: Random) -> Any:
    if not are_identifiers(table):
        return None
    made: Any = collections.namedtuple("made", shuffled(table.names, random))  # type: ignore[misc]
    return [made(**row) for row in named_rows(table, random)]


@form()
def dataclass_objects(table: Table, random: Random) -> Any:
    if not are_identifiers(table):
        return None
    made = dataclasses.make_dataclass("made", shuffled(table.names, random))
    return [made(**row) for row in named_rows(table, random)]


@form()
def attrs_objects(table: Table, random: Random) -> Any:
    if not are_identifiers(table):
        return None
    made = attrs.make_class("made", shuffled(table.names, random))
    return [made(**row) for row in named_rows(table, random)]


@form()
def msgspec_objects(table: Table, random: Random) -> Any:
    """By their protocol."""
    if not are_identifiers(table):
        return None

    class Struct:
        __struct_fields__ = tuple(shuffled(table.names, random))

        def __init__(self, **fields: Any) -> None:
            vars(self).update(fields)

    return [Struct(**row) for row in named_rows(table, random)]


@form()
def pydantic_objects(table: Table, random: Random) -> Any:
    if not are_identifiers(table):
        return None
    fields: Any = dict.fromkeys(shuffled(table.names, random), (Any, None))
    made = pydantic.create_model("made", **fields)
    return [made(**row) for row in named_rows(table, random)]


@form()
def records_of_several_classes(table: Table, random: Random) -> Any:
    if not are_identifiers(table):
        return None
    made = dataclasses.make_dataclass("made", shuffled(table.names, random))
    return [random.choice((made, dict))(**row) for row in named_rows(table, random)]
