"""The lines of the log: what a life writes down of its rows, each line chained to the one before.

The log is the completeness record of one *life* (one start of a pipeline in one process; its writer
id is its name). It lies beside the data, ``_aiocollect/log/<yyyy>/<MM>/<dd>/<writer>.jsonl``, one
file for each day on which something was written down; docs/reference/log.md describes every field.

Invariants: a line is one JSON object, and its last field ``h`` is a hash of the line itself and of
the hash before it, so a line that was changed, cut out, moved or added breaks the chain, also the
last one. With a key it is an HMAC, so who does not know the key can make no line. The chain of a
life goes on from file to file. Numbers count the rows of a lane, as everywhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from ..typing import LOG_ROOT

__all__ = ["VERSION", "Chain", "LogLine", "is_log", "log_path", "parse"]

VERSION: Final = 1
# Bytes of each hash. 16: nobody finds a second line with the hash of a given one.
_SIZE: Final = 16
_TAIL: Final = len(',"h":""}') + 2 * _SIZE


def is_log(path: str) -> bool:
    """Whether a blob is part of a log, and so none of anybody's rows."""
    return path.startswith(LOG_ROOT)


def log_path(writer: str, seconds: float) -> str:
    """The path of a life's log at a time (seconds since 1970)."""
    day = datetime.fromtimestamp(seconds, UTC)
    return f"{LOG_ROOT}log/{day:%Y/%m/%d}/{writer}.jsonl"


class Chain:
    """Makes the lines of one life. ``key``: for an HMAC; it is never shown."""

    __slots__ = ("_before", "_key")

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._before = b""

    def __repr__(self) -> str:
        return f"<Chain{'' if self._key is None else ', signed'}>"

    @property
    def signed(self) -> bool:
        """Whether its hashes are HMACs."""
        return self._key is not None

    def line(self, fields: Mapping[str, Any]) -> bytes:
        """The next line."""
        body = orjson.dumps(fields)[:-1]
        self._before = _hash(body, self._before, self._key)
        return body + b',"h":"' + self._before.hex().encode() + b'"}\n'


class LogLine(NamedTuple):
    """A line that was read: its fields without ``h``, and whether it follows on the one before."""

    fields: dict[str, Any]
    follows: bool
    hash: bytes


def parse(line: bytes, before: bytes, key: bytes | None) -> LogLine | None:
    """Read a line, without its line end, that should follow on the hash ``before``. None: it is no
    line of a log."""
    tail = line[-_TAIL:]
    if not (tail.startswith(b',"h":"') and tail.endswith(b'"}')):
        return None
    try:
        found = bytes.fromhex(tail[6:-2].decode("ascii"))
        fields = orjson.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or len(found) != _SIZE:
        return None
    del fields["h"]
    body = line[:-_TAIL]
    return LogLine(fields, hmac.compare_digest(found, _hash(body, before, key)), found)


def _hash(body: bytes, before: bytes, key: bytes | None) -> bytes:
    if key is None:
        return hashlib.sha256(before + body).digest()[:_SIZE]
    return hmac.digest(key, before + body, "sha256")[:_SIZE]
