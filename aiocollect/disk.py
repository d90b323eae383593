"""The disk, injected: the few calls that a spool makes on a directory.

A spool survives what the disk behind it survives: a killed process, where its calls reach the
kernel; a power cut, where what was synced stays. So that both can be simulated, nothing but this
port touches a file. Calls raise OSError. What syncs, reads, opens or removes may be slow,
and is run ``apart``, beside the event loop; ``write`` reaches the kernel's memory only, and is
called on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

__all__ = ["Disk", "File", "Lock"]

_T = TypeVar("_T")


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
        """Return when what was written survives a power cut (fdatasync). After an OSError nobody
        knows what of it does, and asking again may claim success: give the file up."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class Lock(Protocol):
    """A directory's lock: held until it is released, or its process has ended, however it ended."""

    def release(self) -> None:
        """Let others have it."""
        ...


class Disk(Protocol):
    """Directories and files, by path."""

    def make_directory(self, path: str) -> None:
        """Make it, and those above it, for this user alone (0700); nothing where it stands already.
        OSError (PermissionError) where others may write to it, or it is somebody else's."""
        ...

    def names(self, path: str) -> list[str]:
        """What is in the directory, sorted."""
        ...

    def lock(self, path: str) -> Lock | None:
        """Take the lock file at ``path``, made where there is none; None: another process has it,
        or has removed it meanwhile."""
        ...

    def open(self, path: str, *, new: bool) -> File:
        """A new file (0600; FileExistsError), or one that stands. Links are not followed."""
        ...

    def rename(self, path: str, to: str) -> None:
        """Give a file another name in its directory."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, or an empty directory."""
        ...

    def sync_directory(self, path: str) -> None:
        """Return when the directory's names survive a power cut."""
        ...

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """Run ``work``, which blocks, beside the running event loop: one at a time, in the order
        asked. ``then`` gets its answer or its OSError, on that loop; never, where the loop ends.

        No coroutine: hosts cancel whatever task they find, and half a sync is none.
        """
        ...

    def abandon(self) -> None:
        """In a forked child: begin anew; what the parent has asked for is the parent's."""
        ...
