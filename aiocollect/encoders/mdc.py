"""The record of Azure ML's model data collector (v2): one CloudEvents object per line.

A row has two cells, the columns of FEATURES: the payload as JSON text, and a dict of the record's
attributes, texts by their names. ``id``, ``source`` and ``type`` are required; known attributes
come in the documented order, others after them. ``time`` (RFC 3339, Z) and ``correlationid`` come
from the call; ``contentrange`` counts the payload's bytes. (Names and order: learn.microsoft.com,
"Collect production data from models".)

Invariants: a row is one line and one record, never merged with another; the payload is JSON (with
the words NaN and Infinity: see json_text.py) and is written as it was given, except that line ends
between its tokens become spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from ..errors import EncodeError
from ..typing import Piece, Schema
from .json_text import is_json

__all__ = ["FEATURES", "MdcEncoder"]

FEATURES: Final = ("data", "attributes")

_REQUIRED: Final = ("id", "source", "type")
_BEFORE: Final = ("specversion", "id", "source", "type", "datacontenttype", "time")
_AFTER: Final = (
    *("contentrange", "correlationid", "xrequestid", "modelversion", "collectdatatype", "agent"),
    *("path", "method"),
)
# The attributes that the encoder itself sets.
_OURS: Final = frozenset({"specversion", "time", "data", "contentrange"})

# Raw line ends occur only between tokens: JSON escapes them within strings.
_LINE_ENDS: Final = bytes.maketrans(b"\r\n", b"  ")


class MdcEncoder:
    """JSON Lines of such records; no header. Create its collector with
    ``feature_names=MdcEncoder.features``, and pass rows ``[payload, attributes]``."""

    features: Final = FEATURES
    content_type = "application/x-ndjson"
    extension = "jsonl"

    def __repr__(self) -> str:
        return "<MdcEncoder>"

    def header(self, schema: Schema) -> bytes:
        """Empty."""
        return b""

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line per record. Raises EncodeError for rows that are not records."""
        if schema.features != FEATURES:
            raise EncodeError(f"MdcEncoder needs the columns {', '.join(FEATURES)}", reason="shape")
        return [_line(row, piece) for piece in pieces for row in piece.rows]


def _line(row: Any, piece: Piece) -> bytes:
    payload, attributes = row
    if type(payload) is not str or type(attributes) is not dict:
        raise EncodeError("a record must be JSON text and a dict of attributes", reason="shape")
    for name in _REQUIRED:
        if type(attributes.get(name)) is not str or not attributes[name]:
            raise EncodeError(f"a record needs the attribute {name} as text", reason="shape")
    try:
        data = payload.encode()
    except ValueError:  # half of a surrogate pair
        data = b""
    if not is_json(data):
        raise EncodeError("the payload of a record is not valid JSON", reason="encode")
    data = data.translate(_LINE_ENDS)
    entries = {
        "datacontenttype": "application/json",
        "correlationid": piece.correlation_id,
        **{name: value for name, value in attributes.items() if name not in _OURS},
        "specversion": "1.0",
        "time": _time(piece.timestamp),
        "contentrange": f"bytes 0-{len(data) - 1}/{len(data)}",
    }
    record: dict[str, Any] = {name: entries.pop(name) for name in _BEFORE}
    record["data"] = orjson.Fragment(data)
    record |= {name: entries.pop(name) for name in _AFTER if name in entries}
    try:
        return orjson.dumps(record | entries, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        raise EncodeError("an attribute of a record cannot be written", reason="encode") from None


def _time(timestamp: str) -> str:
    """The time by RFC 3339 in UTC; whole seconds have no fraction."""
    return timestamp.removesuffix(".000000") + "Z"
