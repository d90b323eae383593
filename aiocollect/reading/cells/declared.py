"""Types that a pipeline declared for its columns: what they mean where the cells are. Pure.

A declaration is a hint of the program that wrote, which collect() does not hold it to. It decides
what the cells leave open: whole numbers in a column of floats, a column that is all missing, text
that is never in quotes. A column whose cells are something else is read as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

from .looks import INTEGERS, QUOTED_LOOKS, Looks, settled, type_of

__all__ = ["Declared", "declared_type"]

# By column, the word for its type: see _validation/columns.py.
Declared = Mapping[str, str]

_EMPTY: Final[dict[str, Any]] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.string(),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us"),
    "date": pa.date32(),
}
_KINDS: Final[dict[str, frozenset[str]]] = {
    "int": frozenset(INTEGERS[:-1]),
    "float": frozenset({"float", "int53"}),
    "bool": frozenset({"bool"}),
    "datetime": frozenset({"moment", "instant"}),
    "date": frozenset({"day"}),
}


def declared_type(word: str, looks: Looks, *, in_json: bool) -> Any:
    """The Arrow type of a column declared so, whose cells look so; None: they are something else.

    ``in_json``: moments and days are in quotes there, like all text.
    """
    if word not in _EMPTY:  # of a later release
        return None
    if word == "str":
        return pa.string()
    if word == "float" and "word" in looks:  # "NaN" alone, in JSON
        looks = looks - {"word"} | {"float"}
    if in_json and word in ("datetime", "date") and looks - QUOTED_LOOKS.keys() == {"text"}:
        looks = frozenset(QUOTED_LOOKS[mark] for mark in looks & QUOTED_LOOKS.keys())
    kinds = settled(looks) - {"negative"}
    if not kinds:
        return _EMPTY[word]
    if not kinds <= _KINDS[word] or kinds == {"moment", "instant"}:
        return None
    return pa.float64() if word == "float" else type_of(looks)
