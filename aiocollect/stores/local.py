"""Append blobs as plain files in a directory: the embedded default, same layout, same protocol.

The directory takes the container's place, and any tool reads the files. Several processes may
append to one file: each append takes a kernel lock, for its own time only, in a worker thread; the
event loop never waits for a disk. A cancelled append may still land, as a cancelled request may.

After a kill in the middle of a write only whole appends remain (local_ledger.py), as soon as
anybody opens the file through this store again; until then a reader may see a torn last line.
Power loss is another matter: nothing is fsync'd here.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..errors import (
    BlobFull,
    ConfigError,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from ..typing import Appended, Opened, Range

try:
    from . import local_ledger as ledger
except ImportError:  # no fcntl: not a POSIX system
    ledger = None  # type: ignore[assignment]

__all__ = ["LocalStore"]

_T = TypeVar("_T")

# What each error of the system means. All others decide nothing.
_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE}
_REFUSALS = {
    errno.EACCES: Refusal.CREDENTIAL,
    errno.EPERM: Refusal.CREDENTIAL,
    errno.EROFS: Refusal.CREDENTIAL,
    errno.ENOENT: Refusal.BLOB_MISSING,
    errno.ENOTDIR: Refusal.WRONG_TYPE,
    errno.EISDIR: Refusal.WRONG_TYPE,
    errno.ELOOP: Refusal.WRONG_TYPE,
    errno.ENAMETOOLONG: Refusal.INVALID,
}


class LocalStore:
    """The append blobs of one directory.

    ``threads`` do the writing. ``max_blocks`` is the limit of a blob, as the service has it. With
    ``create`` the directory is made when it is first missed; without, that is refused.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        threads: int = 4,
        max_blocks: int = 50_000,
        create: bool = True,
    ) -> None:
        if ledger is None:
            raise ConfigError("the directory store needs a POSIX system; use Azure or MemoryStore")
        if not os.fspath(directory):
            raise ConfigError("the directory store needs a directory, such as file:///data")
        self._root = Path(directory).absolute()
        self._threads = threads
        self._max_blocks = max_blocks
        self._create = create
        self._executor: ThreadPoolExecutor | None = None

    def __repr__(self) -> str:
        return f"<LocalStore {self._root}>"

    # The Store protocol -------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""

        def work() -> Opened:
            with ledger.locked(self._find(path)) as blob:
                record = blob.record
                start = blob.read(0, head)
                return Opened(record.length, record.blocks, blob.created, blob.etag, start)

        return await self._in_thread(work)

    async def create(self, path: str, *, content_type: str) -> bool:
        """See Store.create. A file has no content type."""

        def work() -> bool:
            file = self._find(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            return ledger.create(file)

        return await self._in_thread(work)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""

        def work() -> Appended:
            with ledger.locked(self._find(path)) as blob:
                if blob.record.blocks >= self._max_blocks:
                    raise BlobFull("BlockCountExceedsLimit")
                if etag is not None and etag != blob.etag:
                    raise OffsetMismatch("ConditionNotMet")
                if offset != blob.record.length:
                    raise OffsetMismatch("AppendPositionConditionNotMet")
                blob.append(data)
                return Appended(blob.record.length, blob.record.blocks, blob.etag)

        return await self._in_thread(work)

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read."""

        def work() -> Range:
            with ledger.locked(self._find(path)) as blob:
                data = blob.read(offset, length)
                return Range(data, blob.record.length, blob.etag, blob.created)

        return await self._in_thread(work)

    async def aclose(self) -> None:
        """End the threads, once what they do is done; a later use starts new ones."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)

    # Threads, paths, errors ---------------------------------------------------------------------

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, "aiocollect-local")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except OSError as error:
            raise _translate(error) from None

    def _find(self, path: str) -> Path:
        """The file of a blob; refuses names that lead out of the directory."""
        segments = path.split("/")
        if "\0" in path or any(segment in ("", ".", "..") for segment in segments):
            raise StoreRefused(Refusal.INVALID, "InvalidName")
        if not self._root.is_dir():
            if not self._create:
                raise StoreRefused(Refusal.CONTAINER_MISSING, "DirectoryNotFound")
            self._root.mkdir(parents=True, exist_ok=True)
        return self._root.joinpath(*segments)


def _translate(error: OSError) -> StoreError:
    number = error.errno or 0
    code = errno.errorcode.get(number, type(error).__name__)
    if number in _FULL_DISK:
        return StoreBusy(code)
    if number in _REFUSALS:
        return StoreRefused(_REFUSALS[number], code)
    return OutcomeUnknown(code)
