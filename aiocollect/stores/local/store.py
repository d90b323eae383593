"""Append blobs as plain files in a directory: the embedded default, same layout, same protocol.

The directory takes the place of the container, and any tool can read the files. Several processes
can append to one file: each append takes a kernel lock for its own duration, in a worker thread;
the event loop never waits for a disk. A cancelled append may still land, as a late request may.

What holds at any time (stores/local/ledger.py has the proof):

- A file is written to only at its committed end, only under the lock, and only if it is ours. One
  that others created, edited, cut or copied is refused, and the rows go to the next part.
- After a process was killed in mid-write, only whole appends remain once a store opens the file.
- A reader that is not a store (pandas, tail -f) takes no lock. While an append is under way, and
  after a kill until the next open, it may see a torn last line, and that line may disappear.
  Everything before it is whole and stays. ``open`` and ``read`` show committed bytes alone.
- Nothing is fsync'd: a power loss may destroy what was acknowledged. The file and its ledger may
  disagree then, and such a file is refused as foreign.

Needs flock, so a POSIX system and a local disk; network file systems and Windows are untested.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from ..._threads.line import is_interpreter_ending
from ..._validation.checks import check_number
from ...errors import (
    BlobFull,
    ConfigError,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from ...typing import Appended, Created, Listed, Opened, Range

try:
    from ..._files.descriptors import watch_forks
    from . import ledger, objects, reader
except ImportError:  # no fcntl: not a POSIX system
    ledger = None  # type: ignore[assignment]

__all__ = ["LocalStore"]

_T = TypeVar("_T")

# What an error of the system means: time helps (busy), or an operator or another part helps
# (refused). All other errors decide nothing.
_BUSY = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EMFILE, errno.ENFILE, errno.ENOLCK, errno.ENOMEM),
}
_REFUSALS = {
    errno.EACCES: Refusal.CREDENTIAL,
    errno.EPERM: Refusal.CREDENTIAL,
    errno.EROFS: Refusal.CREDENTIAL,
    # A file system without locks: held, because without them appends could be torn.
    errno.EOPNOTSUPP: Refusal.CREDENTIAL,
    errno.ENOSYS: Refusal.CREDENTIAL,
    # A file is where a directory should be, so no part can be created.
    errno.ENOTDIR: Refusal.CONTAINER_MISSING,
    errno.EEXIST: Refusal.CONTAINER_MISSING,
    errno.ENOENT: Refusal.BLOB_MISSING,
    errno.EISDIR: Refusal.WRONG_TYPE,
    errno.ELOOP: Refusal.WRONG_TYPE,  # a link, and O_NOFOLLOW
    errno.ENAMETOOLONG: Refusal.INVALID,
}

# Directories that were checked. A stream has one a day, so few are ever checked twice.
_MAX_CHECKED = 4096


class LocalStore:
    """The append blobs of one directory.

    ``threads``: how many write. ``max_blocks``: the limit of a blob; the default is that of the
    service. ``create``: make the directory when it is missing; else that is refused. Raises
    ConfigError.
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
            raise ConfigError(
                "the directory store needs flock, that is a POSIX system; use Azure or MemoryStore"
            )
        if not os.fspath(directory):
            raise ConfigError("the directory is empty; use a path, such as file:///data")
        check_number("threads", threads, at_least=1, integer=True)
        check_number("max_blocks", max_blocks, at_least=1, integer=True)
        self._root = str(Path(directory).absolute())
        self._threads = threads
        self._max_blocks = max_blocks
        self._create = create
        self._checked: set[str] = set()
        self._executor: ThreadPoolExecutor | None = None
        self._process = os.getpid()
        watch_forks()

    def __repr__(self) -> str:
        state = "at rest" if self._executor is None else f"up to {self._threads} threads"
        return f"<LocalStore {self._root}, {state}>"

    @property
    def target(self) -> str:
        """Which store this is, the same by whatever name it was given."""
        return f"file://{os.path.realpath(self._root)}"

    # The Store protocol -------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""

        def work() -> Opened:
            with ledger.locked(self._find(path)) as blob:
                record = blob.record
                start = blob.read(0, head)
                return Opened(record.length, record.blocks, blob.created, blob.etag, start)

        return await self._in_thread(work)

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """See Store.create. A file has no content type."""

        def work() -> Created | bool:
            file = self._find(path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            etag = ledger.create(file)
            return Created(etag) if etag else False

        return await self._in_thread(work)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""
        if not data:
            raise StoreRefused(Refusal.INVALID, "EmptyBlock")

        def work() -> Appended:
            with ledger.locked(self._find(path)) as blob:
                if blob.record.blocks == ledger.SEALED:
                    raise BlobFull("BlobIsSealed")
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
                ended = blob.record.blocks >= self._max_blocks
                return Range(data, blob.record.length, blob.etag, blob.created, ended)

        return await self._in_thread(work)

    # The Catalog protocol -----------------------------------------------------------------------

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list. Files without a sound ledger, as copies are, are listed whole, and as
        not committed. Links are not followed."""
        for listed in await self._in_thread(lambda: reader.find(self._root, prefix)):
            yield listed

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch. Takes no lock: below its committed length a file never changes."""
        if ledger.is_ledger(path.rpartition("/")[2]):
            raise StoreRefused(Refusal.INVALID, "InvalidName")
        return await self._in_thread(lambda: reader.fetch(self._root, path, offset, length))

    # The ObjectStore protocol -------------------------------------------------------------------

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """See ObjectStore.put. It is on the disk before it has its name."""
        return await self._in_thread(lambda: objects.put(self._find(path), file, length))

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """See ObjectStore.seal_at."""
        return await self._in_thread(lambda: objects.seal_at(self._find(path), created, length))

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """See ObjectStore.delete_if."""
        return await self._in_thread(lambda: objects.delete_if(self._find(path), etag))

    async def aclose(self) -> None:
        """End the threads, once what they do is done; a later use starts new ones."""
        executor, self._executor = self._executor, None
        if executor is None or self._process != os.getpid():
            return
        try:
            await asyncio.to_thread(executor.shutdown)
        except RuntimeError:  # the interpreter exits, and has ended them already
            executor.shutdown(wait=False)

    # Threads, paths, errors ---------------------------------------------------------------------

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        try:
            try:
                running = asyncio.get_running_loop().run_in_executor(self._workers(), work)
            except RuntimeError:
                if not is_interpreter_ending():
                    raise StoreBusy("NoThread") from None
                # The interpreter exits and starts no more threads; nobody else needs the loop.
                return work()
            return await running
        except OSError as error:
            raise _translate(error) from None

    def _workers(self) -> ThreadPoolExecutor:
        if self._process != os.getpid():
            # After a fork: the threads exist only in the parent, but the executor counts them.
            self._process, self._executor = os.getpid(), None
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, "aiocollect-local")
        return self._executor

    def _find(self, path: str) -> str:
        """The file of a blob. Raises StoreRefused for a name that leads out of the directory."""
        *folders, name = path.split("/")
        if (
            any(segment in ("", ".", "..") for segment in (*folders, name))
            or "\0" in path
            or not _is_text(path)
            or ledger.is_ledger(name)
        ):
            raise StoreRefused(Refusal.INVALID, "InvalidName")
        if not os.path.isdir(self._root):
            if not self._create:
                raise StoreRefused(Refusal.CONTAINER_MISSING, "DirectoryNotFound")
            os.makedirs(self._root, exist_ok=True)
        folder = "/".join((self._root, *folders))
        if folder not in self._checked:
            self._check(folder)
        return f"{folder}/{name}"

    def _check(self, folder: str) -> None:
        """Raise StoreRefused if links lead from this directory out of ours."""
        root = os.path.realpath(self._root)
        if os.path.commonpath((root, os.path.realpath(folder))) != root:
            raise StoreRefused(Refusal.INVALID, "LinkLeadsOutside")
        if len(self._checked) >= _MAX_CHECKED:
            self._checked.clear()
        self._checked.add(folder)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _translate(error: OSError) -> StoreError:
    number = error.errno or 0
    code = errno.errorcode.get(number, type(error).__name__)
    if number in _BUSY:
        return StoreBusy(code)
    if number in _REFUSALS:
        return StoreRefused(_REFUSALS[number], code)
    return OutcomeUnknown(code)
