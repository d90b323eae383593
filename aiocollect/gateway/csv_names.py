"""The first line of CSV: whether it has the names of columns, separated by commas.

CSV does not say what separates its cells, nor whether names come first. A first line that can be
read in two ways is refused, and the answer names both; nothing is guessed. Text in quotes is taken
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .problems import Problem

__all__ = ["check_names"]

_FIELD: Final = re.compile(r'"((?:[^"]|"")*+)"?|[^,]*')
_LINE_END: Final = re.compile(r"[\r\n]")
_OTHERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
_is_number: Final = re.compile(
    r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?\s*%?|[+-]?inf(inity)?", re.IGNORECASE
).fullmatch
_is_moment: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d?[./]\d\d?[./]\d{4}.*").fullmatch
_is_uuid: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_WORDS: Final = frozenset({"true", "false", "nan", "null", "none", "na", "n/a", "nil"})


def check_names(columns: Sequence[str], text: str) -> None:
    """Raise Problem if ``columns``, the first line of ``text`` split at commas, may not be names.
    It gives their numbers, not their text, which may be a cell."""
    if not columns:
        return
    quoted = _quoted(text, len(columns))
    bare = [(n, name) for n, name in enumerate(columns, 1) if n not in quoted]
    for number, name in bare:
        for sign, word in _OTHERS.items():
            parts = name.count(sign) + 1
            # A bar in one of several names is a letter of that name.
            if parts > 1 and (sign != "|" or len(columns) == 1):
                raise Problem(
                    422,
                    "csv",
                    f"with commas the first line has {_many(len(columns))}, with {word} it "
                    f"would have {_many(len(columns) + parts - 1)}; separate the columns "
                    f"with commas, or put the name of column {number} in double quotes",
                    field="line 1",
                )
    for number, name in bare:
        if _is_cell(name.strip()):
            raise Problem(
                422,
                "csv",
                "the first line may be a row instead of names: it has "
                f"{_many(len(columns))}, and column {number} looks like a value; send a "
                "line of names first, or put a name that looks like a value in double "
                "quotes",
                field="line 1",
            )


def _is_cell(name: str) -> bool:
    return bool(
        not name or _is_number(name) or _is_moment(name) or _is_uuid(name) or name.lower() in _WORDS
    )


def _many(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"


def _quoted(text: str, columns: int) -> set[int]:
    """The numbers of the columns whose names are in quotes; none, if the first record continues on
    a second line."""
    end = _LINE_END.search(text)
    line = text[: end.start()] if end is not None else text
    found: set[int] = set()
    place = 0
    for number in range(1, columns + 1):
        field = _FIELD.match(line, place)
        assert field is not None
        if field[1] is not None:
            found.add(number)
        place = field.end() + 1
        if place > len(line) and number < columns:
            return set()
    return found
