"""A store in memory, with the protocol of append blobs and faults by script.

For tests: what a network and a service do to a request is a value, a Fault, and a script says which
request meets which. Time passes through the running loop alone, so with virtual time whole outages
take no time. Between two awaits everything is atomic, as in the service.

Invariants: the bytes of a blob only grow, unless a fault empties it; a late request meets the same
conditions as a timely one, when it arrives; bytes that are deleted, replaced or emptied are kept in
``destroyed``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import IO, TypeVar

from ...errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreError,
    StoreRefused,
)
from ...typing import LOG_ROOT, Appended, Created, Listed, Opened, Range
from .blob import TORN_TAIL, MemoryBlob
from .faults import APPLIED, REFUSED, Fault, FaultKind, Operation, distorted

__all__ = ["Fault", "FaultKind", "MemoryStore", "Operation"]


_T = TypeVar("_T")


class MemoryStore:
    """Append blobs in a dictionary.

    ``faults`` is called before each request and returns a Fault or None. ``latency``: seconds that
    each request takes. ``max_blocks`` and ``max_block_bytes``: the limits of a blob and of a block;
    the defaults are those of the service. ``readable=False``: the credential can create and append,
    but not read. ``overwrites=False``: creating a blob that exists is answered with 403, as the
    service answers such a credential.
    """

    def __init__(
        self,
        *,
        faults: Callable[[Operation, str], Fault | None] | None = None,
        latency: float = 0.0,
        max_blocks: int = 50_000,
        max_block_bytes: int = 4 * 1024 * 1024,
        readable: bool = True,
        overwrites: bool = True,
    ) -> None:
        self.faults = faults
        self.latency = latency
        self.max_blocks = max_blocks
        self.max_block_bytes = max_block_bytes
        self.readable = readable
        self.overwrites = overwrites
        self.destroyed: list[tuple[str, bytes]] = []
        self._blobs: dict[str, MemoryBlob] = {}
        self._made = 0
        self._stale = False  # whether the request under way gets an old view
        self._late: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._blobs)} blobs>"

    # For tests ----------------------------------------------------------------------------------

    @property
    def blobs(self) -> dict[str, bytes]:
        """The append blobs of rows as they are now, by path."""
        return self._shown(log=False)

    @property
    def log(self) -> dict[str, bytes]:
        """The blobs of the log as they are now, by path."""
        return self._shown(log=True)

    def _shown(self, *, log: bool) -> dict[str, bytes]:
        return {
            path: bytes(blob.data)
            for path, blob in self._blobs.items()
            if blob.appendable and path.startswith(LOG_ROOT) is log
        }

    @property
    def late(self) -> int:
        """How many requests are still on their way, although their callers have given up."""
        return len(self._late)

    def delete(self, path: str) -> None:
        """Delete a blob, if there is one."""
        blob = self._blobs.pop(path, None)
        if blob is not None:
            self.destroyed.append((path, bytes(blob.data)))

    def replace(self, path: str, *, appendable: bool = True) -> None:
        """Delete a blob and create an empty one of the same name."""
        self.delete(path)
        self._make(path, "text/plain").appendable = appendable

    def upload(self, path: str, data: bytes) -> None:
        """Write a block blob, as other programs do; it replaces whatever has the name."""
        self.replace(path, appendable=False)
        self._blobs[path].change(data)

    def seal(self, path: str) -> None:
        """Seal a blob: it accepts no more appends."""
        if path in self._blobs:
            self._blobs[path].sealed = True
            self._blobs[path].change()

    def touch(self, path: str) -> None:
        """Change the metadata of a blob: its ETag changes, its bytes do not."""
        if path in self._blobs:
            self._blobs[path].change()

    def tear(self, path: str) -> None:
        """Append bytes without a line end, as an editor or an interrupted collector does."""
        if path in self._blobs:
            self._blobs[path].change(TORN_TAIL)

    def freeze(self, path: str) -> None:
        """Keep the ETag of a blob as it is from now on."""
        if path in self._blobs:
            self._blobs[path].frozen = True

    def empty(self, path: str) -> None:
        """Cut a blob to nothing in place: its creation time stays."""
        blob = self._blobs.get(path)
        if blob is not None:
            self.destroyed.append((path, bytes(blob.data)))
            blob.empty()

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
        if not data:
            raise StoreRefused(Refusal.INVALID, "EmptyBlock")
        return await self._request(
            Operation.APPEND, path, lambda: self._append(path, data, offset, etag)
        )

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read."""
        return await self._request(Operation.READ, path, lambda: self._read(path, offset, length))

    # The Catalog protocol -----------------------------------------------------------------------

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list."""
        await asyncio.sleep(self.latency)
        if not self.readable:
            raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
        for path, blob in sorted(self._blobs.items()):
            if path.startswith(prefix):
                yield Listed(path, len(blob.data), blob.created, blob.appendable)

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch: read(), and block blobs too."""
        return await self._request(
            Operation.READ, path, lambda: self._read(path, offset, length, any_kind=True)
        )

    # The ObjectStore protocol -------------------------------------------------------------------

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """See ObjectStore.put."""
        data = file.read(length)
        return await self._request(Operation.PUT, path, lambda: self._put(path, data, content_type))

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """See ObjectStore.seal_at."""
        return await self._request(
            Operation.SEAL, path, lambda: self._seal_at(path, created, length)
        )

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """See ObjectStore.delete_if."""
        return await self._request(Operation.DELETE, path, lambda: self._delete_if(path, etag))

    async def aclose(self) -> None:
        """Nothing to close. Late requests go on: they are on the network."""

    # The network --------------------------------------------------------------------------------

    async def _request(self, operation: Operation, path: str, apply: Callable[[], _T]) -> _T:
        fault = self.faults(operation, path) if self.faults is not None else None
        if fault is None:
            await asyncio.sleep(self.latency)
            return apply()
        kind = fault.kind
        self._strike(kind, path)
        await asyncio.sleep(self.latency)
        if kind in REFUSED:
            raise REFUSED[kind]()
        if kind is FaultKind.HANG:
            await asyncio.Event().wait()
        if kind is FaultKind.LATE:
            self._send_late(apply, fault.delay)
            raise OutcomeUnknown("ReadTimeout")
        if kind is FaultKind.SLOW:
            await asyncio.sleep(fault.delay)
        self._stale = kind is FaultKind.STALE
        try:
            answer: _T = distorted(kind, apply())
        finally:
            self._stale = False
        if kind in APPLIED:
            raise APPLIED[kind]()
        if kind is FaultKind.HANG_APPLIED:
            await asyncio.Event().wait()
        if kind is FaultKind.RESENT:
            await asyncio.sleep(self.latency)
            return apply()
        return answer

    def _strike(self, kind: FaultKind, path: str) -> None:
        """Do to the blob what the fault says."""
        match kind:
            case FaultKind.TOUCHED:
                self.touch(path)
            case FaultKind.SEALED:
                self.seal(path)
            case FaultKind.DELETED:
                self.delete(path)
            case FaultKind.TORN:
                self.tear(path)
            case FaultKind.FROZEN:
                self.freeze(path)
            case FaultKind.EMPTIED:
                self.empty(path)
            case FaultKind.REPLACED if path in self._blobs:
                self.replace(path)
            case FaultKind.RETYPED if path in self._blobs:
                self.replace(path, appendable=False)
            case _:
                pass

    def _send_late(self, apply: Callable[[], object], delay: float) -> None:
        async def arrive() -> None:
            await asyncio.sleep(delay)
            with suppress(StoreError):  # its caller has given up
                apply()

        # Not by the loop's task factory, which is the host's.
        task = asyncio.Task(arrive(), loop=asyncio.get_running_loop())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    # The service --------------------------------------------------------------------------------

    def _make(self, path: str, content_type: str) -> MemoryBlob:
        self._made += 1
        blob = MemoryBlob(
            created=str(self._made), version=self._made << 32, content_type=content_type
        )
        self._blobs[path] = blob
        return blob

    def _find(self, path: str) -> MemoryBlob:
        blob = self._blobs.get(path)
        if blob is None:
            raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
        return blob

    def _look(self, path: str, *, any_kind: bool = False) -> MemoryBlob:
        if not self.readable:
            raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
        blob = self._find(path)
        if not blob.appendable and not any_kind:
            raise StoreRefused(Refusal.WRONG_TYPE, "InvalidBlobType")
        return blob

    def _open(self, path: str, head: int) -> Opened:
        blob = self._look(path)
        length, blocks, etag, _ = blob.view(stale=self._stale)
        start = bytes(blob.data[: min(head, length)])
        return Opened(length, blocks, blob.created, etag, start)

    def _create(self, path: str, content_type: str) -> Created | bool:
        if path in self._blobs:
            if not self.readable:
                # The answer to a SAS with create and add, for a blob that exists.
                raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
            if not self.overwrites:
                raise StoreRefused(Refusal.CREDENTIAL, "UnauthorizedBlobOverwrite")
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
            # Checked before the position, as in Azurite; the order of the service is unknown.
            raise BlobFull("BlockCountExceedsLimit")
        if etag is not None and etag != str(blob.version):
            raise OffsetMismatch("ConditionNotMet")
        if offset != len(blob.data):
            raise OffsetMismatch("AppendPositionConditionNotMet")
        blob.change(data)
        return Appended(len(blob.data), blob.blocks, str(blob.version))

    def _put(self, path: str, data: bytes, content_type: str) -> bool:
        if path in self._blobs:
            return False
        blob = self._make(path, content_type)
        blob.appendable = False
        blob.change(data)
        return True

    def _seal_at(self, path: str, created: str, length: int) -> str:
        blob = self._blobs.get(path)
        if blob is None or blob.created != created or len(blob.data) != length:
            return ""
        if not blob.sealed:
            self.seal(path)
        return str(blob.version)

    def _delete_if(self, path: str, etag: str) -> bool:
        blob = self._blobs.get(path)
        if blob is None or str(blob.version) != etag:
            return False
        self.delete(path)
        return True

    def _read(self, path: str, offset: int, length: int, *, any_kind: bool = False) -> Range:
        blob = self._look(path, any_kind=any_kind)
        size, blocks, etag, sealed = blob.view(stale=self._stale)
        data = bytes(blob.data[offset : min(offset + length, size)])
        ended = sealed or blocks >= self.max_blocks
        return Range(data, size, etag, blob.created, ended)
