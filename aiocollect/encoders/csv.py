"""CSV: one line per row, after RFC 4180, in UTF-8 with LF.

How each type is written:

===============  =================================================================================
float            shortest text that reads back equal, always with a point or an exponent; a float32
                 as a float32; ``NaN``, ``inf``, ``-inf``, ``-0.0``
int              all digits, however many
Decimal          its exact digits, bare: ``1.10``, ``-0.00`` or ``1E+5``; ``NaN``, ``inf``
bool             ``true``, ``false``
datetime, date   bare ISO 8601: ``2026-01-31T23:59:58.000000+01:00``, ``2026-01-31``
None             an empty field without quotes: missing
str              bare, unless a reader could take it for something else: then in quotes
UUID, bytes      as text: 36 characters; base64
list, dict       as text: compact JSON
===============  =================================================================================

Quoted are: empty text; text with a comma, a quote, a control character (CR and LF are two) or white
space at an end; text that a reader could read as a number, a date, missing or a boolean.

So a field without quotes is missing, a number, a boolean, a time or a date by its form, else text.
Only the types of the columns tell apart Decimal from int (no point) and from float (NaN, too), an
infinite Decimal from a float, and UUID, bytes and nested values from text. One line is ambiguous: a
lone missing cell without ids is ``""``, like empty text.

Invariants: a line's only LF outside quotes is its last byte; numpy is never imported. rows.py
assembles the lines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isnan
from typing import Any, Final

import orjson

from ..errors import EncodeError
from ..typing import Schema
from .rows import RowEncoder
from .scalars import SURROGATES, TEXTS, Plain, digits, is_uuid

__all__ = ["CsvEncoder"]

# What common readers read as missing or as a boolean, in any case and with a sign: the default
# na_values of pandas, which Arrow shares, words of R and YAML, and \N of MySQL and Hive.
_WORDS: Final = frozenset(
    sign + word
    for sign in ("", "+", "-")
    for word in (
        *("na", "n/a", "#na", "#n/a", "#n/a n/a", "<na>", "nan", "nat", "null", "nil", "none"),
        *("true", "false", "inf", "infinity", "\\n", "1.#ind", "1.#inf", "1.#qnan", "1.#snan"),
    )
)

# What float(), int(text, 0), C, Java, R or Fortran read as a number. Python reads the digits of
# every script, and so does \d. The possessive quantifiers keep it linear for a megabyte of digits.
_is_number: Final = re.compile(
    r"""[+-]? (?: 0x [\da-f_.]*+ (?: p [+-]? \d*+ )?
                | 0[ob] [\d_]*+
                | (?: \d [\d_]*+ (?: \. [\d_]*+ )? | \. \d [\d_]*+ )
                  (?: [edq] [+-]? \d [\d_]*+ )? [dfjl%]? )""",
    re.VERBOSE | re.IGNORECASE,
).fullmatch

# U+FEFF too: in quotes it is not a byte-order mark, even if the first column's name begins with it.
_has_control: Final = re.compile("[\x00-\x1f\x7f\ufeff]").search

# What a reader can read as a date or a time (pyarrow checks every column for these).
_is_date: Final = re.compile(
    r"\d{4}-\d\d-\d\d (?: [T\ ] \d\d [\d:.,]*+ (?: Z | [+-] \d\d [\d:.]*+ )? )?",
    re.VERBOSE | re.IGNORECASE,
).fullmatch

# What a spreadsheet runs as a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

# Texts of categories recur: what is found out is kept of so many, of so many characters.
_KEPT: Final = 4096
_KEPT_LENGTH: Final = 64


class CsvEncoder(RowEncoder):
    """Writes rows as CSV; an :class:`~aiocollect.typing.Encoder`.

    ``guard_formulas`` is for files that people open in a spreadsheet: text that begins with one of
    ``= + - @``, TAB or CR gets an apostrophe in front, in cells, ids, constants and names. It is
    lossy: ``=1`` and ``'=1`` are written the same. Numbers are untouched. ``replaced`` counts the
    lone surrogates that became U+FFFD, since UTF-8 has no bytes for them.
    """

    content_type = "text/csv; charset=utf-8"
    extension = "csv"
    _words = (b"", b"NaN", b"inf", b"-inf")

    def __init__(self, *, guard_formulas: bool = False) -> None:
        super().__init__()
        self._guard = guard_formulas

    def __repr__(self) -> str:
        guard = "guarding formulas, " if self._guard else ""
        return f"<CsvEncoder, {guard}{self.replaced} surrogates replaced>"

    @property
    def guards_formulas(self) -> bool:
        """Whether text that a spreadsheet would run as a formula gets an apostrophe."""
        return self._guard

    def header(self, schema: Schema) -> bytes:
        """The names of the columns as one line, quoted by the rule for text."""
        return (",".join(map(self._text, schema.columns)) + "\n").encode()

    def native(self, schema: Schema) -> tuple[bool, bool, bytes, tuple[bytes, ...]] | None:
        """How the native core writes the same: see _native/ring.cpp, Origin.write. None: not."""
        if type(self) is not CsvEncoder or self._guard:
            return None
        return False, schema.ids, self._end(schema), ()

    def _stamp(self, correlation_id: str, timestamp: str) -> bytes:
        if self._guard or not _is_uuid(correlation_id):
            correlation_id = self._text(correlation_id)
        return f",{correlation_id},{timestamp},".encode()

    def _end(self, schema: Schema) -> bytes:
        constants = "".join("," + self._text(text) for _, text in schema.constants)
        return constants.encode() + b"\n"

    def _alone(self, body: bytes, end: bytes) -> bytes:
        # A blank line would vanish in readers, so a lone missing cell is "".
        return (body or b'""' if len(end) == 1 else body) + end

    def _row(self, cells: bytes, schema: Schema) -> bytes:
        return cells

    def _row_of(self, cells: list[bytes], schema: Schema) -> bytes:
        return b",".join(cells)

    def _cell(self, cell: Any) -> bytes:
        kind = type(cell)
        if kind is float:
            if cell - cell == 0:
                return orjson.dumps(cell)
            return b"NaN" if isnan(cell) else b"inf" if cell > 0 else b"-inf"
        if kind is str:
            return self._text(cell).encode()
        if cell is None:
            return b""
        if kind is int:
            return digits(cell).encode()
        if kind is bool:
            return b"true" if cell else b"false"
        if kind in TEXTS and kind is not bytes:
            return TEXTS[kind](cell).replace("Infinity", "inf").encode()
        if kind is tuple or kind is dict:
            plain = Plain(lambda number: orjson.Fragment(digits(number)))
            text = plain.json(cell).decode()
            self.replaced += plain.replaced
        elif kind is bytes:
            text = TEXTS[bytes](cell)
        elif is_uuid(cell):
            text = str(cell)
        else:
            raise EncodeError("a cell has a type that cannot be written as CSV")
        return self._text(text).encode()

    def _text(self, text: str) -> str:
        if not text.isascii():
            text, replaced = SURROGATES.subn("\ufffd", text)
            self.replaced += replaced
        if self._guard and text.startswith(_FORMULA):
            return "\"'" + text.replace('"', '""') + '"'
        return '"' + text.replace('"', '""') + '"' if _needs_quotes(text) else text


def _is_uuid(text: str) -> bool:
    """Whether it has the form of a UUID, loosely: no number, word or date has four hyphens, so such
    an id needs no quotes. Found out at a fifth of the price of the rule for text."""
    return (
        len(text) == 36
        and text[8:24:5] == "----"
        and text.isascii()
        and text.replace("-", "").isalnum()
    )


def _needs_quotes(text: str) -> bool:
    """Whether a reader could read the bare text as anything else."""
    return _needs_them(text) if len(text) <= _KEPT_LENGTH else _is_special(text)


def _is_special(text: str) -> bool:
    return (
        not text
        or "," in text
        or '"' in text
        or text.strip() != text
        or (not text.isprintable() and _has_control(text) is not None)
        or text.lower() in _WORDS
        or _is_number(text) is not None
        or _is_date(text) is not None
    )


_needs_them = lru_cache(maxsize=_KEPT)(_is_special)
