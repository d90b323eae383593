"""JSON Lines: one JSON object (RFC 8259) per row, in UTF-8 with LF, and no header.

The keys are the columns in their order: features, metadata (the index is a number), constants.

===============  =================================================================================
float            shortest text that reads back equal, always with a point or an exponent; a float32
                 (or float16) as a float32; ``-0.0``; ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
int              a number up to 64 bits (-2**63 to 2**64 - 1); beyond these a string of all digits
bool             ``true``, ``false``
None             ``null``: missing
str              a string
Decimal          a string of its exact digits: ``"1.10"``, ``"NaN"``, ``"Infinity"``
datetime, date   a string, ISO 8601, a datetime with six decimals
UUID, bytes      a string: 36 characters; base64
list, dict       nested JSON, in which the same holds
===============  =================================================================================

Why a string beyond 64 bits: as a number, one such row makes the file unreadable for pandas ("Value
is too big!") and, beyond 128 bits, for polars ("InvalidNumber"), and pyarrow rounds the column to
doubles without a word. docs/values.md shows what readers do. So whatever is a number in the file
can be read exactly, and what is a string may need the column's type to be told from text.

Content type: application/x-ndjson, as https://github.com/ndjson/ndjson-spec asks; JSON Lines has no
registered one (https://jsonlines.org, "MIME type").

The way to a line is in runs.py. numpy is never imported.
"""

from __future__ import annotations

from typing import Any

from ..errors import EncodeError
from ..typing import METADATA, Schema
from .odd import JSON_WORDS, TEXTS, Plain, digits
from .runs import ROW, Calls, RunEncoder, all_plain

__all__ = ["JsonlEncoder"]

_ID, _TIME, _INDEX = (f',"{name}":' for name in METADATA)
_STREAMS = 1024


class JsonlEncoder(RunEncoder):
    """Writes rows as JSON Lines; an :class:`~aiocollect.typing.Encoder`.

    ``replaced`` counts the lone surrogates that became U+FFFD, since UTF-8 has no bytes for them;
    those in a column's name once, not in every line.
    """

    content_type = "application/x-ndjson"
    extension = "jsonl"
    _words = JSON_WORDS

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[tuple[str, ...], list[bytes]] = {}

    def header(self, schema: Schema) -> bytes:
        """Nothing: each line names its columns."""
        return b""

    def _tails(self, calls: Calls, schema: Schema) -> list[str]:
        end = self._end(schema)
        lengths, ids, times, firsts = calls
        strings = [f'"{text}"' for text in ids] if all_plain(ids) else map(self._string, ids)
        tails: list[str] = []
        for length, string, moment, first in zip(lengths, strings, times, firsts, strict=True):
            begin = f'{_ID}{string}{_TIME}"{moment}"{_INDEX}'
            if length == 1:
                tails.append(f"{begin}{first}{end}")
            else:
                tails += [f"{begin}{row}{end}" for row in range(first, first + length)]
        return tails

    def _without_ids(self, bodies: list[bytes], schema: Schema) -> list[bytes]:
        end = self._end(schema).encode()
        return [body + end for body in bodies]

    def _end(self, schema: Schema) -> str:
        pairs = (f",{self._string(name)}:{self._string(text)}" for name, text in schema.constants)
        return "".join(pairs) + "}\n"

    def _default(self, cell: Any) -> Any:
        kind = type(cell)
        if kind not in TEXTS:
            raise TypeError
        return TEXTS[kind](cell)

    def _restored(self, texts: list[bytes]) -> list[bytes]:
        return [b'"%b"' % text for text in texts]

    def _framed(self, rows: list[bytes], schema: Schema) -> list[bytes]:
        keys = self._keys.get(schema.features)
        if keys is None:
            if len(self._keys) >= _STREAMS:
                self._keys.clear()
            names = [self._cell(name) for name in schema.features]
            # A row begins where its first key does.
            keys = [b"%b%b:" % (b"," if at else ROW + b"{", name) for at, name in enumerate(names)]
            self._keys[schema.features] = keys
        cells = b",".join(rows).split(b",")
        if len(cells) != len(keys) * len(rows):
            raise EncodeError("a row has not one cell for each column", reason="shape")
        parts = keys * (2 * len(rows))
        parts[::2] = keys * len(rows)
        parts[1::2] = cells
        return b"".join(parts).split(ROW)[1:]

    def _cell(self, cell: Any) -> bytes:
        plain = Plain(digits)
        data = plain.json(cell)
        self.replaced += plain.replaced
        return data

    def _string(self, text: str) -> str:
        return self._cell(text).decode()
