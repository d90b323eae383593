"""What survives a power cut: which call of the system is made, by stand-ins of two systems."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from aiocollect._files.descriptors import syncing

FULL = 51  # F_FULLFSYNC of macOS: sys/fcntl.h


class Calls:
    """A system's calls, which are noted; ``fails`` is the error of the full one."""

    def __init__(self, fails: int = 0) -> None:
        self.made: list[tuple[str, int]] = []
        self.fails = fails

    def fsync(self, descriptor: int) -> None:
        self.made.append(("fsync", descriptor))

    def fcntl(self, descriptor: int, command: int) -> int:
        assert command == FULL
        self.made.append(("full", descriptor))
        if self.fails:
            raise OSError(self.fails, "as scripted")
        return 0

    @property
    def macos(self) -> SimpleNamespace:
        return SimpleNamespace(fcntl=self.fcntl, F_FULLFSYNC=FULL)


def test_on_macos_the_drive_is_emptied_too() -> None:
    """fsync alone leaves the bytes in the drive's own cache there."""
    calls = Calls()
    syncing(calls.fsync, calls.macos)(7)
    assert calls.made == [("full", 7)]


@pytest.mark.parametrize("fails", [errno.ENOTSUP, errno.ENOTTY, errno.EINVAL])
def test_where_the_file_system_does_not_know_it(fails: int) -> None:
    """A network drive: fsync is what it has."""
    calls = Calls(fails)
    syncing(calls.fsync, calls.macos)(7)
    assert calls.made == [("full", 7), ("fsync", 7)]


def test_a_disk_that_fails_is_not_asked_in_another_way() -> None:
    """The second answer could be "done": the pages that failed are dropped by then."""
    calls = Calls(errno.EIO)
    with pytest.raises(OSError, match="as scripted"):
        syncing(calls.fsync, calls.macos)(7)
    assert calls.made == [("full", 7)]


def test_on_linux_the_plain_call_is_enough() -> None:
    """Nothing stands in between: it is the call itself."""
    calls = Calls()
    assert syncing(calls.fsync, SimpleNamespace()) == calls.fsync
