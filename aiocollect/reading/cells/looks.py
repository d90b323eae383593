"""What cells look like, and which type holds all of a column exactly. Pure, over Arrow.

A cell without quotes is a number, a truth value, a moment or a day by its look; in quotes it is
text. A column's *looks* are the kinds that its cells have. From them follows the narrowest type
that loses nothing: no whole number is rounded, missing, NaN and empty text stay three things.
Where no type holds all of them the column is text, as it is written.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

__all__ = [
    "INTEGERS",
    "PROSE",
    "QUOTED",
    "QUOTED_LOOKS",
    "Looks",
    "is_mixed",
    "looks_of",
    "looks_of_quoted",
    "settled",
    "type_of",
]

Looks = frozenset[str]

# Stands for a cell in quotes: cut.skeleton().
QUOTED: Final = '"'

# In JSON moments and days are texts. What the texts of a column look like is kept beside "text",
# for the columns that are declared to hold them.
_QUOTED_LOOK: Final = {"moment": "text:moment", "instant": "text:instant", "day": "text:day"}
_OTHER: Final = "text:other"
QUOTED_LOOKS: Final = {mark: look for look, mark in _QUOTED_LOOK.items()} | {_OTHER: "text"}
PROSE: Final = frozenset({"text", _OTHER})

# Whole numbers by what holds them: a float's 53 bits, 64 bits with and without a sign, 38 digits.
INTEGERS: Final = ("int53", "int64", "uint64", "decimal", "digits")

# No number that we write begins with a needless zero; in files of others that is an identifier.
_DIGITS: Final = "(?:0|[1-9][0-9]*)"
_INTEGER: Final = f"^-?{_DIGITS}$"
_MOMENT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_PATTERNS: Final = (
    ("float", pa.float64(), rf"^(?:-?{_DIGITS}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|nan|-?inf)$"),
    ("bool", None, "^(?:true|false|True|False)$"),
    ("moment", pa.timestamp("us"), f"^{_MOMENT}$"),
    ("instant", pa.timestamp("us", "UTC"), f"^{_MOMENT}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})$"),
    ("day", pa.date32(), r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
)
_INFINITIES: Final = pa.array(["inf", "-inf"])
_EXACT: Final = 2**53
_WIDEST: Final = 38


def looks_of(cells: Any) -> Looks:
    """The looks of a column of texts, in which a quote alone stands for a cell in quotes."""
    looks = set()
    cells = pc.drop_null(cells)
    cells = cells.filter(pc.not_equal(cells, ""))
    quoted = pc.equal(cells, QUOTED)
    if pc.any(quoted).as_py():
        looks.add("text")
        cells = cells.filter(pc.invert(quoted))
    if not len(cells):
        return frozenset(looks)
    whole = pc.match_substring_regex(cells, _INTEGER)
    if pc.any(whole).as_py():
        looks |= _sizes(cells.filter(whole))
        cells = cells.filter(pc.invert(whole))
    for look, type_, pattern in _PATTERNS:
        if not len(cells):
            break
        mask = pc.match_substring_regex(cells, pattern)
        if pc.any(mask).as_py():
            # The 31st of February, and what is beyond all floats, only look so.
            looks.add(look if _all_are(cells.filter(mask), type_) else "text")
            cells = cells.filter(pc.invert(mask))
    return frozenset(looks | {"text"}) if len(cells) else frozenset(looks)


def looks_of_quoted(texts: list[str]) -> Looks:
    """The looks of these texts of JSON. Most are prose, as the first one shows."""
    if not texts[0][:4].isdigit() or not all(texts):
        return PROSE
    marks = {_QUOTED_LOOK.get(look, _OTHER) for look in looks_of(pa.array(texts))}
    return frozenset({"text", *marks})


def _all_are(cells: Any, type_: Any) -> bool:
    if type_ is None:
        return True
    try:
        values = pc.cast(cells, type_)
    except pa.ArrowInvalid:
        return False
    if not pa.types.is_floating(type_):
        return True
    endless = cells.filter(pc.is_inf(values))
    return bool(pc.all(pc.is_in(endless, value_set=_INFINITIES)).as_py() is not False)


def _sizes(cells: Any) -> set[str]:
    """Which integers are among these texts of digits."""
    minus = pc.any(pc.starts_with(cells, "-")).as_py()
    signs = {"negative"} if minus else set()
    longest = pc.max(pc.binary_length(pc.utf8_ltrim(cells, "-"))).as_py()
    if longest <= 15:
        return signs | {"int53"}
    if longest > _WIDEST:
        return signs | {"digits"}
    for look, type_ in (("int64", pa.int64()), ("uint64", pa.uint64())):
        try:
            numbers = pc.cast(cells, type_)
        except pa.ArrowInvalid:
            continue
        low, high = pc.min(numbers).as_py(), pc.max(numbers).as_py()
        return signs | {"int53" if low >= -_EXACT and high <= _EXACT else look}
    return signs | {"decimal"}


def settled(looks: Looks) -> Looks:
    """The looks of a whole column of JSON: the words NaN and Infinity ("word") are floats where
    they are among numbers alone, else text; and text is text, whatever it looks like."""
    looks = looks - QUOTED_LOOKS.keys()
    if "word" not in looks:
        return looks
    rest = looks - {"word"}
    others = rest - {*INTEGERS, "float", "negative"}
    return rest | {"float" if rest and not others else "text"}


def type_of(looks: Looks) -> Any:
    """The Arrow type that holds cells of all these looks exactly."""
    kinds = settled(looks) - {"negative"}
    if not kinds:
        return pa.null()
    if kinds <= set(INTEGERS):
        widest = max(kinds, key=INTEGERS.index)
        if widest == "uint64" and "negative" in looks:
            widest = "decimal"
        return {
            "int53": pa.int64(),
            "int64": pa.int64(),
            "uint64": pa.uint64(),
            "decimal": pa.decimal128(_WIDEST, 0),
            "digits": pa.string(),
        }[widest]
    if kinds <= {"float", "int53"}:
        return pa.float64()
    if len(kinds) > 1:
        return pa.string()
    return {
        "bool": pa.bool_(),
        "moment": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
        "day": pa.date32(),
        "text": pa.string(),
    }[next(iter(kinds))]


def is_mixed(looks: Looks) -> bool:
    """Whether the cells are of several kinds, so that some lose theirs."""
    kinds = {"whole" if look in INTEGERS else look for look in settled(looks) - {"negative"}}
    return len(kinds) > 1
