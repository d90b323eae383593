"""Reads the bodies of requests, within limits of bytes and time.

Invariants: never more than the limit is decompressed, whatever the ratio of a body; all bodies that
are being read share one budget; the deadline is absolute.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from .options import GatewayOptions
from .problems import Problem

__all__ = ["Bodies", "content_type"]

_GZIP = 31  # zlib's wbits for gzip alone
# The members of one gzip body: each costs a decompressor and a copy of what follows. Programs that
# write several members begin one every 64 KiB.
_MOST_MEMBERS = 1000


class Bodies:
    """Reads the bodies of one gateway."""

    def __init__(self, options: GatewayOptions) -> None:
        self._options = options
        self.reading = 0  # bytes in memory of bodies that are not whole yet

    def __repr__(self) -> str:
        return f"<Bodies, {self.reading} bytes being read>"

    async def read(self, request: web.Request) -> bytes:
        """The body, decompressed. Raises Problem."""
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise Problem(
                *(415, "encoding", "send the body uncompressed or as gzip"),
                field="Content-Encoding",
                headers={"Accept-Encoding": "gzip, identity"},
            )
        if (request.content_length or 0) > self._options.max_body_bytes:
            raise self._too_large()
        pieces = BodyParts(self._options.max_body_bytes, gzip=encoding == "gzip")
        try:
            async with asyncio.timeout(self._options.body_time):
                with self._room() as room:
                    async for chunk in request.content.iter_any():
                        if not pieces.feed(chunk):
                            raise self._too_large()
                        room(pieces.size)
            return pieces.whole()
        except TimeoutError:
            detail = f"the body took longer than {self._options.body_time:g} seconds to arrive"
            raise Problem(408, "slow", detail, field="body") from None
        except (zlib.error, EOFError):
            raise Problem(400, "encoding", "the body is not valid gzip", field="body") from None
        except ConnectionError:
            raise Problem(
                400, "body", "the connection was lost while the body was read", field="body"
            ) from None
        except (HttpProcessingError, web.RequestPayloadError, ValueError):
            raise Problem(400, "body", "the body cannot be read", field="body") from None

    def _too_large(self) -> Problem:
        most = self._options.max_body_bytes
        return Problem(413, "too-large", f"the body is larger than {most} bytes", field="body")

    @contextmanager
    def _room(self) -> Iterator[Room]:
        room = Room(self)
        try:
            yield room
        finally:
            self.reading -= room.size

    def take(self, size: int) -> None:
        """Charge bytes to the budget of all bodies. Raises Problem when it is used up."""
        if self.reading + size > self._options.max_reading_bytes:
            detail = "too many bodies are being read at once; send it again later"
            raise Problem(429, "full", detail, headers={"Retry-After": "1"})
        self.reading += size


class Room:
    """The share of the budget that one body uses."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.size = 0

    def __call__(self, size: int) -> None:
        """The body has this size now."""
        self._bodies.take(size - self.size)
        self.size = size


class BodyParts:
    """The pieces of one body as they come, decompressed up to ``limit``."""

    def __init__(self, limit: int, *, gzip: bool) -> None:
        self._limit = limit
        self._inflate = zlib.decompressobj(_GZIP) if gzip else None
        self._begun = False  # within a gzip member
        self._members = 0
        self._pieces: list[bytes] = []
        self._sent = 0
        self.size = 0

    def feed(self, chunk: bytes) -> bool:
        """Add a chunk; False once there is more than the limit. Raises EOFError for far too many
        gzip members."""
        # What is sent is bounded too: empty gzip members decompress to nothing, without end.
        self._sent += len(chunk)
        if self._sent > self._limit + 1024:
            return False
        if self._inflate is None:
            return self._keep(chunk)
        while chunk:
            self._begun = True
            # One byte above the limit is enough to know.
            piece = self._inflate.decompress(chunk, self._limit - self.size + 1)
            if not self._keep(piece):
                return False
            chunk = self._inflate.unconsumed_tail
            if self._inflate.eof:  # a further member may follow (RFC 1952, 2.2)
                chunk = self._inflate.unused_data
                self._inflate = zlib.decompressobj(_GZIP)
                self._begun = False
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise EOFError
        return True

    def whole(self) -> bytes:
        """All of it. Raises EOFError if the gzip was cut off."""
        if self._begun:
            raise EOFError
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> bool:
        self.size += len(piece)
        self._pieces.append(piece)
        return self.size <= self._limit


def content_type(request: web.Request, *allowed: str) -> str:
    """The media type of the body, one of ``allowed``. Raises Problem."""
    # Strict: a browser sends text/plain to other origins without asking them first.
    given = request.content_type if "Content-Type" in request.headers else ""
    if given not in allowed:
        detail = f"send the body as {' or '.join(allowed)}, and set Content-Type to it"
        raise Problem(415, "content-type", detail, field="Content-Type")
    charset = (request.charset or "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(415, "charset", "send text in UTF-8", field="Content-Type")
    return given
