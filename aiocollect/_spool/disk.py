"""The disk, injected: the few calls that a spool makes on a directory.

A spool survives what its disk survives: the end of the process, for calls that have reached the
kernel; a power cut, for what was synced. So that both can be simulated, only this port touches a
file. Calls raise OSError.

Every call can block for as long as the file system likes: a backup agent freezes it, a network
fails. So there is one way to make calls: in ``work`` that is given to ``apart``, off the event
loop. On the loop only ``apart``, ``close`` and ``abandon`` are called. MemoryDisk counts what
breaks this rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, TypeVar

__all__ = ["Disk", "File", "Line", "LockedDirectory"]

_T = TypeVar("_T")

# Work of one line is done in the order asked. Our own writes have a line of their own, so that they
# do not wait while gigabytes that ended processes have left are read.
Line: TypeAlias = Literal["own", "others"]


class File(Protocol):
    """An open file. Bytes, offsets from its beginning."""

    def write(self, data: bytes, offset: int) -> None:
        """Put ``data`` at ``offset``: all of it; or OSError, and any part of it may be there."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes at ``offset``; fewer where the file ends."""
        ...

    def size(self) -> int:
        """How long the file is."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the file off."""
        ...

    def sync(self) -> None:
        """Return when what was written survives a power cut. After an OSError it is unknown what of
        it does, and a second sync can claim success: give the file up."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class LockedDirectory(Protocol):
    """A directory that only this process has, open and locked. The lock is on the directory itself:
    renaming it, or removing files in it, changes nothing.

    It is held until it is released or the process ends, however it ends. Its calls need no
    descriptors except for the files that are opened.
    """

    def names(self) -> list[str]:
        """What is in it, sorted."""
        ...

    def open(self, name: str, *, new: bool) -> File:
        """A new file in it (0600; FileExistsError), or one that exists. Links are not followed."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file in it."""
        ...

    def sync(self) -> None:
        """Return when its names survive a power cut."""
        ...

    def renew(self) -> bool:
        """Make and lock the file ``lock`` in it: earlier versions lock only that file, and it can
        have been removed. False: another process has it."""
        ...

    def dissolve(self) -> None:
        """Remove the directory itself, which is empty, under whatever name it has by now."""
        ...

    def release(self) -> None:
        """Unlock it; idempotent."""
        ...


class Disk(Protocol):
    """Directories and files, by path."""

    def make_directory(self, path: str) -> None:
        """Make it, and those above it, for this user alone (0700), if they do not exist. What was
        made survives a power cut. Raises OSError (PermissionError) if others can write to it, or
        another user owns it."""
        ...

    def names(self, path: str) -> list[str]:
        """What is in the directory, sorted."""
        ...

    def lock(self, path: str) -> LockedDirectory | None:
        """Lock the directory at ``path``. None: another process has it, or it was just renamed.
        Raises OSError if it cannot be locked, with a text for the operator."""
        ...

    def open(self, path: str, *, new: bool) -> File:
        """A new file (0600; FileExistsError), or one that exists. Links are not followed."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, or an empty directory."""
        ...

    def apart(
        self, work: Callable[[], _T], then: Callable[[_T | OSError], None], *, line: Line = "own"
    ) -> None:
        """Run ``work``, which blocks, off the running event loop: one at a time on each line, in
        the order asked. ``then`` gets its answer or its OSError, on that loop; never, if the loop
        ends before.

        Not a coroutine: hosts cancel every task they find, and half a sync is no sync.
        """
        ...

    def close(self) -> None:
        """Finish what was asked, and end the threads. A later ``apart`` starts them again."""
        ...

    def abandon(self) -> None:
        """In a forked child: start from nothing; the parent does what the parent has asked."""
        ...
