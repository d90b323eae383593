"""CSV: one line per row, after RFC 4180, in UTF-8 with LF.

Every cell says what it was:

===========  =====================================================================================
float        shortest text that reads back equal, always with a point or an exponent; a float32 (or
             float16) as a float32; ``NaN``, ``inf``, ``-inf``, ``-0.0``
int          all digits, however many
bool         ``true``, ``false``
None         an empty field without quotes: missing
str          bare, unless a reader could take it for something else: then in quotes
===========  =====================================================================================

In quotes goes: empty text; text with a comma, a quote, a control character (CR and LF are two) or
white space at an end; what a reader may take for a number, for missing or for a truth value.

Two ways lead to a line. The fast one writes a whole run of rows with a single ``orjson.dumps`` and
cuts the result: right for every cell whose JSON is our CSV. Where it is not, ``null`` stands in the
cut row, and the slow one writes that cell by hand: NaN and the infinities become ``null`` by
themselves; text and integers are made None before, where the run has text or an integer beyond
64 bits. Both take every finite float's text from orjson, so they agree.

Invariants: a line's only LF outside quotes is its last byte; numpy is never imported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, Final

import orjson

from ..errors import EncodeError
from ..typing import Piece, Schema

__all__ = ["CsvEncoder"]

# ``int in bytes`` is one memchr; ``bytes in bytes`` takes several times as long.
_QUOTE: Final = ord('"')
_NULL: Final = ord("n")  # where there is no text, only "null" has one

# Cells that are written by hand in a run which JSON cannot write whole.
_BY_HAND: Final = frozenset({str, int})

# What common readers take for missing or for a truth value, in any case and with a sign: pandas'
# default na_values, which Arrow has too, words of R and YAML, and \N of MySQL and Hive.
_WORDS: Final = frozenset(
    sign + word
    for sign in ("", "+", "-")
    for word in (
        *("na", "n/a", "#na", "#n/a", "#n/a n/a", "<na>", "nan", "nat", "null", "nil", "none"),
        *("true", "false", "inf", "infinity", "\\n", "1.#ind", "1.#inf", "1.#qnan", "1.#snan"),
    )
)

# What float(), int(text, 0), C, Java, R or Fortran take for a number. Python reads the digits of
# every script, so does \d. The possessive quantifiers keep it linear for a megabyte of digits.
_is_number: Final = re.compile(
    r"""[+-]? (?: 0x [\da-f_.]*+ (?: p [+-]? \d*+ )?
                | 0[ob] [\d_]*+
                | (?: \d [\d_]*+ (?: \. [\d_]*+ )? | \. \d [\d_]*+ )
                  (?: [edq] [+-]? \d [\d_]*+ )? [dfjl%]? )""",
    re.VERBOSE | re.IGNORECASE,
).fullmatch

# U+FEFF too: in quotes it is no byte-order mark, even when the first column's name begins with it.
_has_control: Final = re.compile("[\x00-\x1f\x7f\ufeff]").search
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class CsvEncoder:
    """Writes rows as CSV; an :class:`~aiocollect.typing.Encoder`.

    ``replaced`` counts the lone surrogates that became U+FFFD, since UTF-8 has no bytes for them.
    An encoder belongs to one pipeline, and only its pump calls it, so the count is changed on one
    thread; any thread may read it.
    """

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    def __init__(self) -> None:
        self.replaced = 0

    def __repr__(self) -> str:
        return f"<CsvEncoder, {self.replaced} surrogates replaced>"

    def header(self, schema: Schema) -> bytes:
        """The names of the columns as one line, under the rule for text."""
        return (",".join(map(self._text, schema.columns)) + "\n").encode()

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line per row: its cells; with ``schema.ids`` its correlation id, scoring time, and
        index within its call; then the constants.

        All rows have the same columns, at least one. A row is a tuple of cells of exactly the types
        above, or a row of a 2-D numpy array of booleans, integers or floats of up to 64 bits.
        """
        texts = self._texts(pieces)
        end = "".join("," + self._text(text) for _, text in schema.constants).encode() + b"\n"
        if not schema.ids:
            # A blank line would vanish in readers, so a lone missing cell is "".
            return [(text or b'""' if len(end) == 1 else text) + end for text in texts]
        rest = iter(texts)
        lines: list[bytes] = []
        for rows, correlation_id, timestamp, first in pieces:
            tail = f"{self._id(correlation_id)},{timestamp}".encode()
            lines += [
                b"%b,%b,%d%b" % (next(rest), tail, index, end)
                for index in range(first, first + len(rows))
            ]
        return lines

    def _texts(self, pieces: Sequence[Piece]) -> list[bytes]:
        """The text of each row's cells: the fast way, repaired where null shows."""
        runs = [piece.rows for piece in pieces if len(piece.rows)]
        data = _dumps(runs)
        if data is None:
            data = _dumps([[_blanked(row) for row in rows] for rows in runs])
            if data is None:
                raise EncodeError("a cell is of a type that cannot be written as CSV")
        # [[[1,2],[3,4]],[[5,6]]] is two runs of three rows; each row, and nothing less, begins with
        # a bracket.
        texts = [text.rstrip(b"],") for text in data.split(b"[") if text]
        if runs and not texts[0]:
            raise EncodeError("a row without cells cannot be written", reason="shape")
        if _NULL in data:
            rows = chain.from_iterable(runs)
            return [
                self._repaired(text, row) if _NULL in text else text
                for text, row in zip(texts, rows, strict=True)
            ]
        return texts

    def _repaired(self, text: bytes, row: Any) -> bytes:
        """The row with its nulls written by hand."""
        cells = text.split(b",")
        place = -1
        for _ in range(cells.count(b"null")):
            place = cells.index(b"null", place + 1)
            cells[place] = self._by_hand(row[place]).encode()
        return b",".join(cells)

    def _by_hand(self, cell: Any) -> str:
        kind = type(cell)
        if kind is str:
            return self._text(cell)
        if cell is None:
            return ""
        if kind is int:
            # str() ends at 4,300 digits: sys.get_int_max_str_digits().
            return str(cell) if cell.bit_length() <= 64 else str(Decimal(cell))
        if cell != cell:
            return "NaN"
        return "inf" if cell > 0 else "-inf"

    def _text(self, text: str) -> str:
        if not text.isascii():
            text, replaced = _SURROGATES.subn("\ufffd", text)
            self.replaced += replaced
        return '"' + text.replace('"', '""') + '"' if _needs_quotes(text) else text

    def _id(self, text: str) -> str:
        # The usual id is a UUID. ASCII letters and digits with three hyphens or more are no number
        # and no word of the list, which have two at most: so the rule for text, 450 ns, is spared.
        if text.isascii():
            bare = text.encode().replace(b"-", b"")
            if len(text) - len(bare) > 2 and bare.isalnum():
                return text
        return self._text(text)


def _dumps(runs: list[Any]) -> bytes | None:
    """The JSON of the runs, or None where they have text or what orjson cannot write."""
    try:
        data = orjson.dumps(runs, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # an integer beyond 64 bits, a lone surrogate, an array in another byte order
        return None
    return None if _QUOTE in data else data


def _blanked(row: Any) -> list[Any]:
    """The row with None in place of what is written by hand."""
    return [None if type(cell) in _BY_HAND else cell for cell in row]


def _needs_quotes(text: str) -> bool:
    """Whether a reader could take the bare text for more, less or something else."""
    return (
        not text
        or "," in text
        or '"' in text
        or text.strip() != text
        or (not text.isprintable() and _has_control(text) is not None)
        or text.lower() in _WORDS
        or _is_number(text) is not None
    )
