"""JSON Lines: one JSON object (RFC 8259) per row, in UTF-8 with LF, and no header.

The keys are the columns in their order: features, metadata (the index is a number), constants.

===============  =================================================================================
float            shortest text that reads back equal, always with a point or an exponent; a float32
                 as a float32; ``-0.0``; ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
int              a number up to 64 bits (-2**63 to 2**64 - 1); beyond these a string of all digits
bool             ``true``, ``false``
None             ``null``: missing
str              a string
Decimal          a string of its exact digits: ``"1.10"``, ``"NaN"``, ``"Infinity"``
datetime, date   a string, ISO 8601, a datetime with six decimals
UUID, bytes      a string: 36 characters; base64
list, dict       nested JSON, by the same rules
===============  =================================================================================

Why a string beyond 64 bits: as a number, one such row makes the file unreadable for pandas ("Value
is too big!") and, beyond 128 bits, for polars ("InvalidNumber"), and pyarrow rounds the column to
doubles silently. docs/reference/values.md shows what readers do. So every number in the
file can be read exactly, and only the type of the column tells some strings from text.

Content type: application/x-ndjson, by https://github.com/ndjson/ndjson-spec; JSON Lines has no
registered one (https://jsonlines.org, "MIME type").

rows.py assembles the lines. numpy is never imported.
"""

from __future__ import annotations

from typing import Any

import orjson

from ..errors import EncodeError
from ..typing import METADATA, Schema
from .rows import RowEncoder
from .scalars import JSON_WORDS, Plain, digits

__all__ = ["JsonlEncoder"]

_ID, _TIME, _INDEX = (f',"{name}":' for name in METADATA)
_STREAMS = 1024


class JsonlEncoder(RowEncoder):
    """Writes rows as JSON Lines; an :class:`~aiocollect.typing.Encoder`.

    ``replaced`` counts the lone surrogates that became U+FFFD, since UTF-8 has no bytes for them;
    those in a column's name once, not in every line.
    """

    content_type = "application/x-ndjson"
    extension = "jsonl"
    _words = JSON_WORDS

    def __init__(self) -> None:
        super().__init__()
        self._frames: dict[tuple[str, ...], bytes] = {}

    def header(self, schema: Schema) -> bytes:
        """Empty: each line names its columns."""
        return b""

    def native(self, schema: Schema) -> tuple[bool, bool, bytes, tuple[bytes, ...]] | None:
        """How the native core writes the same: see _native/ring.cpp, Origin.write. None: not."""
        if type(self) is not JsonlEncoder:
            return None
        names = [self._cell(name) + b":" for name in schema.features]
        frames = (b"{" + names[0], *(b"," + name for name in names[1:]))
        return True, schema.ids, self._end(schema), frames

    def _stamp(self, correlation_id: str, timestamp: str) -> bytes:
        return f'{_ID}{self._string(correlation_id)}{_TIME}"{timestamp}"{_INDEX}'.encode()

    def _end(self, schema: Schema) -> bytes:
        pairs = (f",{self._string(name)}:{self._string(text)}" for name, text in schema.constants)
        return "".join(pairs).encode() + b"}\n"

    def _row(self, cells: bytes, schema: Schema) -> bytes:
        return self._row_of(cells.split(b","), schema)

    def _row_of(self, cells: list[bytes], schema: Schema) -> bytes:
        frame = self._frames.get(schema.features)
        if frame is None:
            if len(self._frames) >= _STREAMS:
                self._frames.clear()
            names = [self._cell(name).replace(b"%", b"%%") for name in schema.features]
            frame = self._frames[schema.features] = b"{" + b":%b,".join(names) + b":%b"
        try:
            return frame % tuple(cells)
        except TypeError:
            raise EncodeError(
                "a row does not have one cell for each column", reason="shape"
            ) from None

    def _cell(self, cell: Any) -> bytes:
        kind = type(cell)
        if kind is str or kind is int or (kind is float and cell - cell == 0):
            try:
                return orjson.dumps(cell)
            except TypeError:  # half of a surrogate pair, an integer beyond 64 bits
                pass
        plain = Plain(digits)
        data = plain.json(cell)
        self.replaced += plain.replaced
        return data

    def _string(self, text: str) -> str:
        return self._cell(text).decode()
