"""The guard: stands before aiohttp at each connection, and bounds what aiohttp does not.

How many connections there are, how long a request's head may take, and how long a connection may
idle. A head's time runs from its first byte to the moment when the application gets the request,
and no byte in between prolongs it.

Invariants: each open connection that has no request in the application has exactly one timer; a
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

# How long, and how many at a time: more are closed at once, whether they hear it or not.
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
    """The guard of one gateway; calling it makes the protocol of a new connection. ``server`` is
    aiohttp's own factory of these; ``note`` gets each problem that the guard answers with."""

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
        self.parting = 0  # connections that are turned away, and hear it
        self.connections: dict[Any, Connection] = {}
        self.empty = asyncio.Event()
        self.empty.set()

    def __repr__(self) -> str:
        return f"<Guard of {len(self.connections)} connections>"

    def __call__(self) -> asyncio.Protocol:
        """A protocol; of those above the limit one that says so, and closes."""
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
    """Says that there is no room, and lets go once the peer has heard it.

    A socket that is closed with unread bytes answers with a reset, which takes the answer with it:
    so what comes is read on, and thrown away, for a moment.
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
    """One connection: everything goes on to aiohttp, watched by a timer."""

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
        # A connection that says nothing at all is no better than a slow head.
        self._watch(self._guard.options.head_time)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._asked and not self._head:
            self._head = True
            self._watch(self._guard.options.head_time)
        try:
            self._inner.data_received(data)
        except Exception:  # of its parser, which lets some of its errors out before 3.14
            self._refuse()

    def _refuse(self) -> None:
        """Answer what cannot be read, where no answer is on its way, and end the connection."""
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
        # Not the head's time: what has come of the next request by now is not known here.
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
        # Not close(): that waits for a peer who may read as slowly as he writes.
        asyncio.get_running_loop().call_later(1.0, self._transport.abort)
        self._transport.close()
