"""A proxy between a store and the emulator that makes faults, by script or by seed.

It knows HTTP/1.1 as far as blob clients speak it (bodies with Content-Length), takes each request
whole, decides its fault, and keeps a record of what was on the wire.

Invariants: a request is forwarded at most once; what a fault says about "applied" is true, since an
answer is invented only before forwarding or after the emulator has answered; with a seed, the same
sequence of requests meets the same faults.
"""

from __future__ import annotations

import asyncio
import enum
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from aiocollect.testing import emulator_connection_string

from .messages import Message, Upstream, read_message, reset

__all__ = ["ALL_FAULTS", "Fault", "FaultProxy", "Kind", "Seen"]

KEPT_HEADERS = (
    "x-ms-blob-condition-appendpos",
    "x-ms-blob-type",
    "x-ms-range",
    "x-ms-version",
    "if-match",
    "if-none-match",
    "content-length",
    "transfer-encoding",
    "content-type",
)


class Kind(enum.Enum):
    """What happens to a request."""

    NONE = "none"
    LOSE_ANSWER = "lose_answer"  # applied; the answer is swallowed, the connection ends
    RESET_BEFORE = "reset_before"  # not applied; RST
    RESET_MID_BODY = "reset_mid_body"  # half of the body is forwarded; RST on both sides
    RESET_AFTER = "reset_after"  # applied; RST instead of the answer
    TRUNCATE = "truncate"  # applied; the connection ends in the middle of the answer
    MISLEAD = "mislead"  # applied; the answer names another position than the append's
    ZOMBIE = "zombie"  # the connection ends at once; the request is forwarded later
    LATE = "late"  # the connection stays silent; the request is forwarded later
    STALL = "stall"  # never forwarded, never answered
    ERROR = "error"  # not applied; ``status`` and ``code``
    ERROR_AFTER = "error_after"  # applied; ``status`` and ``code`` instead of the answer
    GARBAGE = "garbage"  # not applied; ``status`` and ``size`` bytes that are no error text
    GARBAGE_AFTER = "garbage_after"  # applied; the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. ``delay`` is when a ZOMBIE or LATE request is forwarded; None: at release()."""

    kind: Kind
    status: int = 500
    code: str = "OperationTimedOut"
    retry_after: str | None = None
    delay: float | None = None
    size: int = 1 << 20


NO_FAULT = Fault(kind=Kind.NONE)

# Every kind once, with the statuses that the service is known to give.
ALL_FAULTS: tuple[Fault, ...] = (
    Fault(kind=Kind.LOSE_ANSWER),
    Fault(kind=Kind.RESET_BEFORE),
    Fault(kind=Kind.RESET_MID_BODY),
    Fault(kind=Kind.RESET_AFTER),
    Fault(kind=Kind.TRUNCATE),
    Fault(kind=Kind.ZOMBIE, delay=0.3),
    Fault(kind=Kind.ERROR, status=500, code="InternalError"),
    Fault(kind=Kind.ERROR, status=503, code="ServerBusy", retry_after="0"),
    Fault(kind=Kind.ERROR, status=429, code=""),
    Fault(kind=Kind.ERROR, status=408, code=""),
    Fault(kind=Kind.ERROR, status=502, code=""),
    Fault(kind=Kind.ERROR, status=409, code="BlobModifiedWhileReading"),
    Fault(kind=Kind.ERROR_AFTER, status=500, code="OperationTimedOut"),
    Fault(kind=Kind.ERROR_AFTER, status=409, code="BlobModifiedWhileReading"),
    Fault(kind=Kind.GARBAGE, status=500),
    Fault(kind=Kind.GARBAGE_AFTER, status=502),
)


@dataclass(slots=True, kw_only=True)
class Seen:
    """A request as it was on the wire. ``answered`` is the status that the client was sent, and
    ``sent`` how much of an invented body it took."""

    method: str
    path: str
    operation: str
    headers: dict[str, str]
    length: int
    fault: Fault = NO_FAULT
    forwarded: bool = False
    answered: int | None = None
    sent: int = 0


def _operation(method: str, query: str) -> str:
    """A short name of what is asked for."""
    if "comp=appendblock" in query:
        return "append"
    if "restype=container" in query:
        return "list" if "comp=list" in query else "container"
    return {"GET": "read", "HEAD": "head", "PUT": "create"}.get(method, method.lower())


def is_append(seen: Seen) -> bool:
    """Whether a request is an append: what scripts mean unless they say otherwise."""
    return seen.operation == "append"


class FaultProxy:
    """Listens on 127.0.0.1 and forwards to ``upstream`` (host, port). An async context manager.

    ``latency`` in seconds is added to every answer that is forwarded.
    """

    def __init__(self, upstream: tuple[str, int], *, latency: float = 0.0) -> None:
        self.upstream = upstream
        self.latency = latency
        self.port = 0
        self.seen: list[Seen] = []
        self._scripts: list[tuple[Callable[[Seen], bool], deque[Fault]]] = []
        self._dice: Callable[[Seen], Fault] | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._release = asyncio.Event()

    def __repr__(self) -> str:
        return f"<FaultProxy at 127.0.0.1:{self.port}, {len(self.seen)} requests>"

    # What tests say and ask -------------------------------------------------------------------

    def script(self, *faults: Fault, match: Callable[[Seen], bool] = is_append) -> None:
        """Give the next matching requests these faults, one each, in order."""
        self._scripts.append((match, deque(faults)))

    def seed(
        self,
        seed: int,
        *,
        rate: float,
        faults: Sequence[Fault] = ALL_FAULTS,
        match: Callable[[Seen], bool] = is_append,
    ) -> None:
        """Give this share of the matching requests a fault, drawn from the seed."""
        dice = random.Random(seed)
        self._dice = lambda seen: (
            dice.choice(faults) if match(seen) and dice.random() < rate else NO_FAULT
        )

    def calm(self) -> None:
        """No more faults."""
        self._scripts.clear()
        self._dice = None

    async def release(self) -> None:
        """Forward all requests that are kept back, and wait until the emulator has answered."""
        held = [task for task in self._tasks if task.get_name() == "held"]
        self._release.set()
        if held:
            await asyncio.wait(held)
        self._release.clear()

    def of(self, operation: str) -> list[Seen]:
        """The requests of one kind, in order of arrival."""
        return [seen for seen in self.seen if seen.operation == operation]

    @property
    def connection_string(self) -> str:
        """The emulator's, by way of this proxy."""
        return emulator_connection_string(f"127.0.0.1:{self.port}")

    @property
    def appends(self) -> list[Seen]:
        """The appends that were on the wire."""
        return self.of("append")

    # Life -------------------------------------------------------------------------------------

    async def __aenter__(self) -> FaultProxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(list(self._tasks))
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._start(self._serve(reader, writer), "client")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client connection: request by request, until a fault or the client ends it."""
        upstream = Upstream(self.upstream)
        try:
            while (request := await read_message(reader)) is not None:
                seen = self._note(request)
                if not await self._treat(request, seen, upstream, writer):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return  # The client went away; whatever it was told, it is told no more.
        finally:
            upstream.close()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _note(self, request: Message) -> Seen:
        method, target, _ = request.first.split(" ")
        parts = urlsplit(target)
        seen = Seen(
            method=method,
            path=unquote(parts.path),
            operation=_operation(method, parts.query),
            headers={
                name: request.headers[name] for name in KEPT_HEADERS if name in request.headers
            },
            length=len(request.body),
        )
        seen.fault = self._fault(seen)
        self.seen.append(seen)
        return seen

    def _fault(self, seen: Seen) -> Fault:
        for match, faults in self._scripts:
            if faults and match(seen):
                return faults.popleft()
        return self._dice(seen) if self._dice else NO_FAULT

    # Faults -----------------------------------------------------------------------------------

    async def _treat(
        self,
        request: Message,
        seen: Seen,
        upstream: Upstream,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Do to one request what its fault says; False where the connection ends with it."""
        fault = seen.fault
        match fault.kind:
            case Kind.NONE:
                answer = await self._forward(request, seen, upstream)
                if self.latency:
                    await asyncio.sleep(self.latency)
                seen.answered = int(answer.first.split(" ")[1])
                writer.write(answer.head + answer.body)
                await writer.drain()
                return answer.headers.get("connection", "").lower() != "close"
            case Kind.LOSE_ANSWER:
                await self._forward(request, seen, upstream)
            case Kind.RESET_BEFORE:
                reset(writer)
            case Kind.RESET_MID_BODY:
                await upstream.send(request.head + request.body[: len(request.body) // 2])
                upstream.reset()
                reset(writer)
            case Kind.RESET_AFTER:
                await self._forward(request, seen, upstream)
                reset(writer)
            case Kind.TRUNCATE:
                answer = await self._forward(request, seen, upstream)
                whole = answer.head + answer.body
                # Where there is a body, inside of it; else inside the headers.
                end = len(answer.head) + len(answer.body) // 2 if answer.body else len(whole) // 2
                writer.write(whole[:end])
                await writer.drain()
            case Kind.MISLEAD:
                answer = await self._forward(request, seen, upstream)
                writer.write(answer.head.replace(b"append-offset: ", b"append-offset: 1"))
                await writer.drain()
                return True
            case Kind.ZOMBIE:
                self._start(self._later(request, seen, fault.delay), "held")
            case Kind.LATE:
                self._start(self._later(request, seen, fault.delay), "held")
                await asyncio.Event().wait()
            case Kind.STALL:
                await asyncio.Event().wait()
            case Kind.ERROR | Kind.ERROR_AFTER:
                if fault.kind is Kind.ERROR_AFTER:
                    await self._forward(request, seen, upstream)
                text = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code></Error>"
                await _answer(writer, seen, text.encode() if fault.code else b"")
                return True
            case Kind.GARBAGE | Kind.GARBAGE_AFTER:
                if fault.kind is Kind.GARBAGE_AFTER:
                    await self._forward(request, seen, upstream)
                await _answer(writer, seen, b'\xff\x00{"error": 7}<' * (fault.size // 15))
                return True
        return False

    async def _forward(self, request: Message, seen: Seen, upstream: Upstream) -> Message:
        seen.forwarded = True
        return await upstream.ask(request)

    async def _later(self, request: Message, seen: Seen, delay: float | None) -> None:
        if delay is None:
            await self._release.wait()
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._release.wait()
        upstream = Upstream(self.upstream)
        try:
            await self._forward(request, seen, upstream)
        finally:
            upstream.close()


async def _answer(writer: asyncio.StreamWriter, seen: Seen, body: bytes) -> None:
    """Send an answer of the proxy's own, as its fault says."""
    fault = seen.fault
    seen.answered = fault.status
    garbage = fault.kind in (Kind.GARBAGE, Kind.GARBAGE_AFTER)
    lines = [f"HTTP/1.1 {fault.status} Fault", f"Content-Length: {len(body)}"]
    lines.append(f"Content-Type: {'application/json' if garbage else 'application/xml'}")
    if fault.code and not garbage:
        lines.append(f"x-ms-error-code: {fault.code}")
    if fault.retry_after is not None:
        lines.append(f"Retry-After: {fault.retry_after}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    writer.write(head)
    for at in range(0, 0 if seen.method == "HEAD" else len(body), 1 << 16):
        writer.write(body[at : at + (1 << 16)])
        await writer.drain()
        seen.sent = at
