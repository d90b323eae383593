"""A store in memory, with the protocol of append blobs and faults by script.

For tests, ours and yours: what a network and a service do to a request is a value here, a Fault,
and a script says which request meets which. Time passes through the running loop alone, so under a
virtual clock whole outages take no time. Between two awaits all is atomic, as in the service.

Invariants: a blob's bytes only grow; a late request is judged by the same conditions as a timely
one, at the moment it arrives; what a deletion or a replacement destroys is kept in ``destroyed``.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ..errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from ..typing import Appended, Created, Opened, Range

__all__ = ["Fault", "FaultKind", "MemoryStore", "Operation"]


_T = TypeVar("_T")


class FaultKind(enum.Enum):
    """What happens to one request."""

    SLOW = "slow"  # answered, after the delay
    NOT_SENT = "not_sent"  # never reaches the store; the caller sees a reset
    LOST_ANSWER = "lost_answer"  # applied; the caller sees a reset
    LATE = "late"  # the caller sees a time-out; it arrives after the delay
    RESENT = "resent"  # applied, and sent again by something in between; the second answer counts
    HANG = "hang"  # not applied, never answered
    HANG_APPLIED = "hang_applied"  # applied, never answered
    BUSY = "busy"  # 503, not applied
    READER = "reader"  # 409 BlobModifiedWhileReading, not applied
    READER_APPLIED = "reader_applied"  # the same, applied
    ERROR = "error"  # 500, not applied
    ERROR_APPLIED = "error_applied"  # 500, applied
    CREDENTIAL = "credential"  # 403, an expired credential
    CONTAINER = "container"  # 404, the container is being deleted
    LEASED = "leased"  # 412, somebody else's lease
    TOO_LARGE = "too_large"  # 413
    TOUCHED = "touched"  # the blob's metadata, and so its ETag, changed just before
    SEALED = "sealed"  # the blob was sealed just before
    DELETED = "deleted"  # the blob was deleted just before
    REPLACED = "replaced"  # the blob was deleted and made anew, empty, just before
    RETYPED = "retyped"  # a block blob stands in its place

    __hash__ = object.__hash__


class Operation(enum.Enum):
    """The four requests of a store."""

    OPEN = "open"
    CREATE = "create"
    APPEND = "append"
    READ = "read"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and, where it has one, its delay in seconds."""

    kind: FaultKind
    delay: float = 0.0


class _Blob:
    __slots__ = ("appendable", "blocks", "content_type", "created", "data", "sealed", "version")

    def __init__(self, *, created: str, version: int, content_type: str) -> None:
        self.data = bytearray()
        self.blocks = 0
        self.sealed = False
        self.appendable = True
        self.created = created
        self.version = version
        self.content_type = content_type


# Which answer a request gets that is refused without being applied.
_REFUSED: dict[FaultKind, Callable[[], StoreError]] = {
    FaultKind.NOT_SENT: lambda: OutcomeUnknown("ConnectionReset"),
    FaultKind.BUSY: lambda: StoreBusy("ServerBusy", retry_after=0.5),
    FaultKind.READER: lambda: StoreBusy("BlobModifiedWhileReading"),
    FaultKind.ERROR: lambda: OutcomeUnknown("OperationTimedOut"),
    FaultKind.CREDENTIAL: lambda: StoreRefused(Refusal.CREDENTIAL, "AuthenticationFailed"),
    FaultKind.CONTAINER: lambda: StoreRefused(Refusal.CONTAINER_MISSING, "ContainerNotFound"),
    FaultKind.LEASED: lambda: StoreRefused(Refusal.LEASED, "LeaseIdMissing"),
    FaultKind.TOO_LARGE: lambda: StoreRefused(Refusal.TOO_LARGE, "RequestBodyTooLarge"),
}
# Which answer a request gets although it was applied.
_APPLIED: dict[FaultKind, Callable[[], StoreError]] = {
    FaultKind.LOST_ANSWER: lambda: OutcomeUnknown("ConnectionReset"),
    FaultKind.READER_APPLIED: lambda: StoreBusy("BlobModifiedWhileReading"),
    FaultKind.ERROR_APPLIED: lambda: OutcomeUnknown("OperationTimedOut"),
}


class MemoryStore:
    """Append blobs in a dictionary.

    ``faults`` is asked before each request and answers with a Fault or None. ``latency`` is each
    request's time in seconds. ``max_blocks`` and ``max_block_bytes`` are the service's limits.
    ``readable=False``: the credential may create and add, but not read.
    """

    def __init__(
        self,
        *,
        faults: Callable[[Operation, str], Fault | None] | None = None,
        latency: float = 0.0,
        max_blocks: int = 50_000,
        max_block_bytes: int = 4 * 1024 * 1024,
        readable: bool = True,
    ) -> None:
        self.faults = faults
        self.latency = latency
        self.max_blocks = max_blocks
        self.max_block_bytes = max_block_bytes
        self.readable = readable
        self.destroyed: list[tuple[str, bytes]] = []
        self._blobs: dict[str, _Blob] = {}
        self._made = 0
        self._late: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._blobs)} blobs>"

    # For tests ----------------------------------------------------------------------------------

    @property
    def blobs(self) -> dict[str, bytes]:
        """The append blobs as they are now, by path."""
        return {path: bytes(blob.data) for path, blob in self._blobs.items() if blob.appendable}

    @property
    def late(self) -> int:
        """Requests that are still on their way, though their callers have given them up."""
        return len(self._late)

    def delete(self, path: str) -> None:
        """Delete a blob, if there is one."""
        blob = self._blobs.pop(path, None)
        if blob is not None:
            self.destroyed.append((path, bytes(blob.data)))

    def replace(self, path: str, *, appendable: bool = True) -> None:
        """Delete a blob and make a new empty one of the name."""
        self.delete(path)
        self._make(path, "text/plain").appendable = appendable

    def seal(self, path: str) -> None:
        """Seal a blob: it takes no more appends."""
        if path in self._blobs:
            self._blobs[path].sealed = True

    def touch(self, path: str) -> None:
        """Change a blob's metadata: its ETag moves, its bytes do not."""
        if path in self._blobs:
            self._blobs[path].version += 1

    # The Store protocol -------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""
        return await self._request(Operation.OPEN, path, lambda: self._open(path, head))

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """See Store.create."""
        return await self._request(Operation.CREATE, path, lambda: self._create(path, content_type))

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""
        return await self._request(
            Operation.APPEND, path, lambda: self._append(path, data, offset, etag)
        )

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read."""
        return await self._request(Operation.READ, path, lambda: self._read(path, offset, length))

    async def aclose(self) -> None:
        """Nothing to give back. Late requests go on: they are the network's."""

    # The network --------------------------------------------------------------------------------

    async def _request(self, operation: Operation, path: str, apply: Callable[[], _T]) -> _T:
        fault = self.faults(operation, path) if self.faults is not None else None
        if fault is None:
            await asyncio.sleep(self.latency)
            return apply()
        kind = fault.kind
        self._strike(kind, path)
        await asyncio.sleep(self.latency)
        if kind in _REFUSED:
            raise _REFUSED[kind]()
        if kind is FaultKind.HANG:
            await asyncio.Event().wait()
        if kind is FaultKind.LATE:
            self._send_late(apply, fault.delay)
            raise OutcomeUnknown("ReadTimeout")
        if kind is FaultKind.SLOW:
            await asyncio.sleep(fault.delay)
        answer = apply()
        if kind in _APPLIED:
            raise _APPLIED[kind]()
        if kind is FaultKind.HANG_APPLIED:
            await asyncio.Event().wait()
        if kind is FaultKind.RESENT:
            await asyncio.sleep(self.latency)
            return apply()
        return answer

    def _strike(self, kind: FaultKind, path: str) -> None:
        """Do to the blob what the fault says somebody did."""
        match kind:
            case FaultKind.TOUCHED:
                self.touch(path)
            case FaultKind.SEALED:
                self.seal(path)
            case FaultKind.DELETED:
                self.delete(path)
            case FaultKind.REPLACED if path in self._blobs:
                self.replace(path)
            case FaultKind.RETYPED if path in self._blobs:
                self.replace(path, appendable=False)
            case _:
                pass

    def _send_late(self, apply: Callable[[], object], delay: float) -> None:
        async def arrive() -> None:
            await asyncio.sleep(delay)
            with suppress(StoreError):  # nobody is there to hear it
                apply()

        task = asyncio.get_running_loop().create_task(arrive())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    # The service --------------------------------------------------------------------------------

    def _make(self, path: str, content_type: str) -> _Blob:
        self._made += 1
        blob = _Blob(created=str(self._made), version=self._made << 32, content_type=content_type)
        self._blobs[path] = blob
        return blob

    def _find(self, path: str) -> _Blob:
        blob = self._blobs.get(path)
        if blob is None:
            raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
        return blob

    def _look(self, path: str) -> _Blob:
        if not self.readable:
            raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
        blob = self._find(path)
        if not blob.appendable:
            raise StoreRefused(Refusal.WRONG_TYPE, "InvalidBlobType")
        return blob

    def _open(self, path: str, head: int) -> Opened:
        blob = self._look(path)
        start = bytes(blob.data[:head])
        return Opened(len(blob.data), blob.blocks, blob.created, str(blob.version), start)

    def _create(self, path: str, content_type: str) -> Created | bool:
        if path in self._blobs:
            if not self.readable:
                # What a create+add SAS hears about a blob that stands.
                raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
            return False
        return Created(str(self._make(path, content_type).version))

    def _append(self, path: str, data: bytes, offset: int, etag: str | None) -> Appended:
        blob = self._find(path)
        if not blob.appendable:
            raise StoreRefused(Refusal.WRONG_TYPE, "InvalidBlobType")
        if len(data) > self.max_block_bytes:
            raise StoreRefused(Refusal.TOO_LARGE, "RequestBodyTooLarge")
        if blob.sealed:
            raise BlobFull("BlobIsSealed")
        if blob.blocks >= self.max_blocks:
            # Before the position is looked at, as Azurite does it; the service's order is unknown.
            raise BlobFull("BlockCountExceedsLimit")
        if etag is not None and etag != str(blob.version):
            raise OffsetMismatch("ConditionNotMet")
        if offset != len(blob.data):
            raise OffsetMismatch("AppendPositionConditionNotMet")
        blob.data += data
        blob.blocks += 1
        blob.version += 1
        return Appended(len(blob.data), blob.blocks, str(blob.version))

    def _read(self, path: str, offset: int, length: int) -> Range:
        blob = self._look(path)
        data = bytes(blob.data[offset : offset + length])
        return Range(data, len(blob.data), str(blob.version), blob.created)
