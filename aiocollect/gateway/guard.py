"""The guard: sits before aiohttp in each connection, and sets the limits that aiohttp does not.

These are the number of connections, the time for the head of a request, and the time that a
connection may idle. The time of a head runs from its first byte until the application gets the
request; no byte in between extends it.

Invariants: each open connection without a request in the application has exactly one timer; a
connection that is turned away never reaches aiohttp.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .options import GatewayOptions
from .problems import Problem

__all__ = ["Guard"]

# How long a connection that is turned away may take to read its answer, in seconds, and how many
# may do so at a time; any more are closed at once.
_PARTING = 1.0
_MOST_PARTING = 256

_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
_FULL = _HEAD % b"503 Service Unavailable" + b"Retry-After: 1\r\nContent-Length: %d\r\n\r\n%s"
_SLOW = _HEAD % b"408 Request Timeout" + b"Content-Length: %d\r\n\r\n%s"
_BODY = b'{"type":"urn:aiocollect:problem:%s","title":"%s","status":%d,"detail":"%s","field":"%s"}'
_FULL_BODY = _BODY % (
    *(b"connections", b"Service Unavailable", 503),
    *(b"there are too many connections; try again later", b""),
)
_SLOW_BODY = _BODY % (
    *(b"slow", b"Request Timeout", 408),
    *(b"the head of the request took too long", b"headers"),
)
UNREADABLE_DETAIL = "this is not a valid HTTP/1.1 request"
_UNREADABLE_BODY = _BODY % (
    *(b"request", b"Bad Request", 400),
    *(UNREADABLE_DETAIL.encode(), b""),
)
UNREADABLE = (_HEAD % b"400 Bad Request") + b"Content-Length: %d\r\n\r\n%s" % (
    len(_UNREADABLE_BODY),
    _UNREADABLE_BODY,
)
TOO_MANY = _FULL % (len(_FULL_BODY), _FULL_BODY)
TOO_SLOW = _SLOW % (len(_SLOW_BODY), _SLOW_BODY)


class Guard:
    """The guard of one gateway; calling it makes the protocol of a new connection. ``server`` makes
    aiohttp's own protocol; ``note`` gets each problem that the guard answers with."""

    def __init__(
        self,
        server: Callable[[], Any],
        options: GatewayOptions,
        *,
        note: Callable[[Problem], None],
    ) -> None:
        self.server = server
        self.note = note
        self.options = options
        self.turned_away = 0
        self.parting = 0  # connections that are reading why they are turned away
        self.connections: dict[Any, Connection] = {}
        self.empty = asyncio.Event()
        self.empty.set()

    def __repr__(self) -> str:
        return f"<Guard of {len(self.connections)} connections>"

    def __call__(self) -> asyncio.Protocol:
        """A protocol; above the limit, one that says so and closes."""
        if len(self.connections) >= self.options.max_connections:
            self.turned_away += 1
            self.note(Problem(503, "connections", "there are too many connections"))
            return _TurnedAway(self)
        return Connection(self)

    def begun(self, request: web.Request) -> None:
        """The application has got a request: the time of its head ends."""
        found = self.connections.get(request.protocol)
        if found is not None:
            found.begun()

    def ended(self, request: web.Request) -> None:
        """The application has its answer: the connection idles again."""
        found = self.connections.get(request.protocol)
        if found is not None:
            found.ended()


class _TurnedAway(asyncio.Protocol):
    """Says that there is no room, and closes once the peer has read it.

    Closing a socket with unread bytes sends a reset, which can destroy the answer. So what still
    comes is read and thrown away for a moment.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        # Any: uvloop's transports are not asyncio's.
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(TOO_MANY)
        if self._guard.parting >= _MOST_PARTING or not transport.can_write_eof():
            transport.close()
            return
        self._guard.parting += 1
        transport.write_eof()
        self._timer = asyncio.get_running_loop().call_later(_PARTING, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._guard.parting -= 1


class Connection(asyncio.Protocol):
    """One connection: everything is passed to aiohttp, watched by a timer."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = guard.server()
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = False  # some of a request's head has come
        self._asked = False  # the application has a request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._guard.connections[self._inner] = self
        self._guard.empty.clear()
        # A silent connection has no more time than a slow head.
        self._watch(self._guard.options.head_time)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._asked and not self._head:
            self._head = True
            self._watch(self._guard.options.head_time)
        try:
            self._inner.data_received(data)
        except Exception:  # before 3.14, aiohttp's parser lets some of its errors out
            self._refuse()

    def _refuse(self) -> None:
        """Answer what cannot be read, unless an answer is on its way, and close the connection."""
        self._guard.note(Problem(400, "request", UNREADABLE_DETAIL))
        if not self._asked:
            self._transport.write(UNREADABLE)
        self._stop()
        self._transport.close()

    def eof_received(self) -> bool | None:
        found: bool | None = self._inner.eof_received()
        return found

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._guard.connections.pop(self._inner, None)
        if not self._guard.connections:
            self._guard.empty.set()
        self._inner.connection_lost(exc)

    def begun(self) -> None:
        """See Guard.begun."""
        self._asked, self._head = True, False
        self._stop()

    def ended(self) -> None:
        """See Guard.ended."""
        self._asked = False
        # Not head_time: it is not known here whether some of the next request has come.
        self._watch(self._guard.options.idle_time)

    def _watch(self, seconds: float) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        if self._head and not self._transport.is_closing():
            self._transport.write(TOO_SLOW)
            self._guard.note(
                Problem(408, "slow", "the head of the request took too long to arrive")
            )
        # Not by close() alone: it waits for the peer, who may read as slowly as it writes.
        asyncio.get_running_loop().call_later(1.0, self._transport.abort)
        self._transport.close()
