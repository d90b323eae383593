"""The disk, injected: the few calls that a spool makes on a directory.

A spool survives what the disk behind it survives: a killed process, where its calls reach the
kernel; a power cut, where what was synced stays. So that both can be simulated, nothing but this
port touches a file. Calls raise OSError.

Every call may block for as long as the file system likes: a backup agent freezes it, a network
goes away. So there is one way to make them: as ``work`` given to ``apart``, beside the event loop.
Only ``apart``, ``close`` and ``abandon`` are called on it. MemoryDisk counts what breaks this rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, TypeVar

__all__ = ["Disk", "File", "Line", "LockedDirectory"]

_T = TypeVar("_T")

# What is done on one line is done in the order asked. A life's own writes stand in no line with the
# reading of gigabytes that others have left.
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
        """Return when what was written survives a power cut (fdatasync). After an OSError nobody
        knows what of it does, and asking again may claim success: give the file up."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class LockedDirectory(Protocol):
    """A directory that this process alone has, open and locked: the directory itself, by its
    identity, whatever it is called by now, and whatever becomes of the files in it.

    It is held until it is released, or its process has ended, however it ended. Its calls need no
    descriptor but those for the files that are opened.
    """

    def names(self) -> list[str]:
        """What is in it, sorted."""
        ...

    def open(self, name: str, *, new: bool) -> File:
        """A new file in it (0600; FileExistsError), or one that stands. Links are not followed."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file in it."""
        ...

    def sync(self) -> None:
        """Return when its names survive a power cut."""
        ...

    def renew(self) -> bool:
        """Have the file ``lock`` in it, locked too: earlier versions lock that alone, and somebody
        may have removed it. False: another process has it."""
        ...

    def dissolve(self) -> None:
        """Remove the directory itself, which is empty, wherever it stands by now."""
        ...

    def release(self) -> None:
        """Let others have it; idempotent."""
        ...


class Disk(Protocol):
    """Directories and files, by path."""

    def make_directory(self, path: str) -> None:
        """Make it, and those above it, for this user alone (0700); nothing where it stands already.
        What was made survives a power cut. OSError (PermissionError) where others may write to it,
        or it is somebody else's."""
        ...

    def names(self, path: str) -> list[str]:
        """What is in the directory, sorted."""
        ...

    def lock(self, path: str) -> LockedDirectory | None:
        """Have the directory that stands at ``path``; None: another process has it, or it has just
        lost that name. OSError where it cannot be had: what it says is for its owner."""
        ...

    def open(self, path: str, *, new: bool) -> File:
        """A new file (0600; FileExistsError), or one that stands. Links are not followed."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, or an empty directory."""
        ...

    def apart(
        self, work: Callable[[], _T], then: Callable[[_T | OSError], None], *, line: Line = "own"
    ) -> None:
        """Run ``work``, which blocks, beside the running event loop: one at a time on each line, in
        the order asked. ``then`` gets its answer or its OSError, on that loop; never, where the
        loop ends.

        No coroutine: hosts cancel whatever task they find, and half a sync is none.
        """
        ...

    def close(self) -> None:
        """Nothing more is asked: what was, is done yet. A later ``apart`` is a new beginning."""
        ...

    def abandon(self) -> None:
        """In a forked child: begin anew; what the parent has asked for is the parent's."""
        ...
