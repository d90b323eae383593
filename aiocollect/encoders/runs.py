"""Runs of rows through one ``orjson.dumps``: the shared part of the encoders of lines.

The rows of many calls are written as one JSON array, which is then cut into rows. All of it is C
code over the whole run, with little Python per row and none per cell:

1. The strings are taken out: what remains, the *skeleton*, has numbers, brackets, and in place
   of each string a byte that UTF-8 never has. So no text can be mistaken for structure.
2. The skeleton is cut at its brackets. Each row has exactly one; any other number of them, or a
   brace, means that a cell is nested, and the run is not cut.
3. JSON's null means missing, NaN or an infinity. Only the rows that have one are inspected, to
   tell which.
4. The strings are put back, in the format's own notation.

A run fails if it has anything that orjson cannot write (an integer beyond 64 bits, a lone
surrogate) or that is nested. It is then retried in eighths, down to single rows, and only a row
that fails alone is written cell by cell. So an unusual row costs less than the run once more, and
its neighbours nothing. An Enum would be written by orjson as its value: the engine passes on cells
of exact types only.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from itertools import chain, filterfalse
from math import isfinite
from operator import add, itemgetter
from typing import Any, Final, NamedTuple

import orjson

from ..errors import EncodeError
from ..typing import Piece, Schema

__all__ = ["Calls", "RunEncoder", "all_plain"]

# Bytes that never occur in UTF-8: RFC 3629, section 1.
_TEXT: Final = b"\xfe"
_ROW: Final = b"\xff"

# ``int in bytes`` is one memchr; ``bytes in bytes`` takes ten times as long.
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_NULL: Final = ord("n")
_BRACE: Final = ord("{")
_strings: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"').split

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_WITH_ARRAYS: Final = _OPTIONS | orjson.OPT_SERIALIZE_NUMPY
_row: Final = itemgetter(slice(None, -2))  # of "1,2]," and "3,4]]"
# Indexes of the first rows of a call, made once. 40 bytes each.
_COUNTED: Final = 4096
_ALPHABET: Final = b"-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Calls(NamedTuple):
    """The calls of a run without their cells, by column: rows, id, time, index of the first row."""

    lengths: list[int]
    ids: Sequence[str]
    times: Sequence[str]
    firsts: Sequence[int]


class RunEncoder:
    """The shared part of CSV and JSONL; ``replaced`` counts lone surrogates that became U+FFFD.

    An encoder belongs to one pipeline, and only its pump calls it, so the count changes on one
    thread; any thread can read it. A run that raises counts nothing: its rows are encoded again.
    """

    # How the four values that JSON writes as null are written: missing, NaN, infinity, minus
    # infinity.
    _words: tuple[bytes, bytes, bytes, bytes]

    def __init__(self) -> None:
        self.replaced = 0
        self._counted: tuple[bytes, list[bytes]] = (b"", [])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {self.replaced} surrogates replaced>"

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line per row: its cells; with ``schema.ids`` its correlation id, scoring time, and
        index within its call; then the constants.

        All rows have the same columns, at least one. A row is a tuple of cells of the types in the
        module docstring, or a row of a C-contiguous 2-D numpy array of booleans, integers or floats
        of up to 64 bits, in native byte order. Raises EncodeError for anything else.
        """
        if not pieces:
            return []
        rows, ids, times, firsts = zip(*pieces, strict=True)
        calls = Calls(list(map(len, rows)), ids, times, firsts)
        kinds = set(map(type, rows))
        if kinds == {tuple} or kinds == {list}:
            runs = list(chain.from_iterable(rows))
        else:
            runs = []
            for run in rows:
                if type(run) is list:
                    run = tuple([tuple(orjson.loads(b"[%b]" % row)) for row in run])
                runs += run if type(run) is tuple else [run] if len(run) else []
        return self._lines(runs, calls, schema, written=kinds == {list})

    def encode_singles(
        self,
        rows: Sequence[tuple[Any, ...]],
        ids: Sequence[str],
        timestamps: Sequence[str],
        schema: Schema,
    ) -> list[bytes]:
        """See :class:`~aiocollect.typing.QuickEncoder`."""
        count = len(rows)
        calls = Calls([1] * count, ids, timestamps, (0,) * count)
        return self._lines(list(rows), calls, schema) if rows else []

    # What a format says ----------------------------------------------------------------------

    @abstractmethod
    def _tails(self, calls: Calls, schema: Schema) -> list[bytes]:
        """For each row the text after its cells, newline included."""

    @abstractmethod
    def _without_ids(self, bodies: list[bytes], schema: Schema) -> list[bytes]:
        """The lines of rows that have no metadata of their own."""

    @abstractmethod
    def _default(self, cell: Any) -> Any:
        """The value that orjson writes for a type it does not know. Raises TypeError if there is
        none."""

    @abstractmethod
    def _restored(self, texts: list[bytes]) -> list[bytes]:
        """JSON strings, given without their quotes, in the format's notation."""

    @abstractmethod
    def _framed(self, rows: list[bytes], schema: Schema) -> list[bytes]:
        """Rows of cells between commas in the format's notation."""

    @abstractmethod
    def _cell(self, cell: Any) -> bytes:
        """One cell, written by itself; of any supported type. Raises EncodeError for others."""

    def _indexes(self, first: int, length: int, end: bytes) -> list[bytes]:
        """``count`` indexes of rows from ``first`` on, each with the end of the line."""
        last = first + length
        if last > _COUNTED:
            return [b"%d%b" % (index, end) for index in range(first, last)]
        if self._counted[0] != end:
            self._counted = (end, [b"%d%b" % (index, end) for index in range(_COUNTED)])
        return self._counted[1][first:last]

    # Runs ------------------------------------------------------------------------------------

    def _lines(
        self, runs: list[Any], calls: Calls, schema: Schema, *, written: bool = False
    ) -> list[bytes]:
        before = self.replaced
        try:
            if written:
                bodies = self._framed(runs, schema)
            else:
                bodies = self._bodies(runs, schema) if runs else []
            if not schema.ids:
                return self._without_ids(bodies, schema)
            tails = self._tails(calls, schema)
            if len(bodies) != len(tails):
                raise EncodeError("internal error: not one body for each row")
            return list(map(add, bodies, tails))
        except BaseException:
            self.replaced = before
            raise

    def _bodies(self, runs: list[Any], schema: Schema) -> list[bytes]:
        """The cells of each row; an element of ``runs`` is a row's tuple or a whole array."""
        arrays = [rows for rows in runs if type(rows) is not tuple]
        count = len(runs) + sum(map(len, arrays))
        lines = self._fast(runs, _WITH_ARRAYS if arrays else _OPTIONS, count, schema)
        if lines is not None:
            return lines
        if len(runs) == 1:
            if arrays and arrays[0].shape[1]:
                raise EncodeError("an array has a type or order that cannot be written")
            return self._by_hand(runs[0], schema)
        step = (len(runs) + 7) // 8
        parts = (runs[first : first + step] for first in range(0, len(runs), step))
        return [line for part in parts for line in self._bodies(part, schema)]

    def _fast(
        self, runs: list[Any], options: int, brackets: int, schema: Schema
    ) -> list[bytes] | None:
        """The rows, cut from one JSON text, or None if that is not possible."""
        try:
            data = orjson.dumps(runs, self._default, options)
        except TypeError:
            return None
        texts: list[bytes] = []
        if _QUOTE in data:
            parts = _strings(data) if _BACKSLASH in data else data.split(b'"')
            texts = parts[1::2]
            data = _TEXT.join(parts[::2])
        # "[[1,2],[3,4]]" is cut into "", "", "1,2],", "3,4]]"; an array has one bracket of its own.
        cut = data.split(b"[")
        if len(cut) != brackets + 2 or _BRACE in data:
            return None
        if len(cut) == len(runs) + 2:
            lines = list(map(_row, cut[2:]))
        else:
            lines = [text.rstrip(b"],") for text in cut if text]
        if not all(lines):
            return None  # a row without cells
        if _NULL in data:
            self._tell_nulls(lines, runs, brackets)
        lines = self._framed(lines, schema)
        if texts:
            parts = [b""] * (2 * len(texts) + 1)
            parts[::2] = _ROW.join(lines).split(_TEXT)
            parts[1::2] = self._restored(texts)
            lines = b"".join(parts).split(_ROW)
        return lines

    def _tell_nulls(self, lines: list[bytes], runs: list[Any], count: int) -> None:
        """Write the right word in place of each null."""
        missing = self._words[0]
        if count == len(runs) and _all_finite(
            [row for row, line in zip(runs, lines, strict=True) if _NULL in line]
        ):
            if missing != b"null":
                lines[:] = [
                    line.replace(b"null", missing) if _NULL in line else line for line in lines
                ]
            return
        rows = runs
        if count != len(runs):
            rows = list(chain.from_iterable((run,) if type(run) is tuple else run for run in runs))
        # Most runs have either missing cells or NaN: what the last row had is tried first.
        all_missing = True
        for at, line in enumerate(lines):
            if _NULL not in line:  # of the words in a skeleton only null has an n
                continue
            parts = line.split(b"null")
            cells = rows[at]
            if type(cells) is not tuple:
                cells = tuple(cells.tolist())
            if all_missing:
                all_missing = _are_missing(cells, len(parts) - 1)
            if all_missing:
                lines[at] = missing.join(parts)
                continue
            words = self._null_words(cells, len(parts) - 1)
            all_missing = words[0] is missing
            if len(words) == 1:
                lines[at] = words[0].join(parts)
            else:
                words.append(b"")
                lines[at] = b"".join(chain.from_iterable(zip(parts, words, strict=True)))

    def _null_words(self, cells: tuple[Any, ...], nulls: int) -> list[bytes]:
        """The words for the nulls of a row, in order."""
        missing, nan, more, less = self._words
        try:
            found = list(filterfalse(isfinite, cells))
        except (TypeError, ValueError):
            found = []  # something missing, or text; a Decimal's NaN
        if len(found) != nulls:
            found = [
                cell
                for cell in cells
                if cell is None or (type(cell) is float and cell - cell != 0.0)
            ]
        return [
            missing if cell is None else nan if cell != cell else more if cell > 0 else less
            for cell in found
        ]

    def _by_hand(self, row: tuple[Any, ...], schema: Schema) -> list[bytes]:
        """One row, cell by cell."""
        if type(row) is not tuple or not row:
            raise EncodeError("a row without cells cannot be written", reason="shape")
        cells = list(map(self._cell, row))
        # A text can contain a comma, which does not separate cells; the placeholder has none.
        (frame,) = self._framed([b",".join([_TEXT] * len(cells))], schema)
        parts = [b""] * (2 * len(cells) + 1)
        parts[::2] = frame.split(_TEXT)
        parts[1::2] = cells
        return [b"".join(parts)]


def _all_finite(rows: list[tuple[Any, ...]]) -> bool:
    """Whether all cells of these rows are finite numbers or missing, so that every null means
    missing. Decided by their sum: a NaN or an infinity makes it one. False if it cannot be decided:
    for text, for Decimals beside floats, and for sums beyond a float."""
    try:
        total = sum(filter(None, chain.from_iterable(rows)))
        return bool(total - total == 0)
    except (TypeError, ArithmeticError):
        return False


def _are_missing(cells: tuple[Any, ...], nulls: int) -> bool:
    """Whether ``count`` cells are None; twice as fast as counting them all."""
    place = -1
    try:
        for _ in range(nulls):
            place = cells.index(None, place + 1)
    except ValueError:
        return False
    return True


def all_plain(ids: Sequence[str]) -> bool:
    """Whether all have the form of a UUID, loosely: 36 ASCII letters, digits and hyphens, with
    hyphens at least at the four usual places. No number, word or date has four hyphens, so such an
    id needs neither quotes nor escapes; decided for a whole run at once, which saves the rule for
    text."""
    text = "".join(ids)
    hyphens = "-" * len(ids)
    return (
        set(map(len, ids)) == {36}
        and text[8::36] == text[13::36] == text[18::36] == text[23::36] == hyphens
        and text.isascii()
        and not text.encode().translate(None, _ALPHABET)
    )
