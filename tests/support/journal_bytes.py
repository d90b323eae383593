"""Lanes and positions, for the tests of the journal and of the progress."""

from __future__ import annotations

from pathlib import Path

from aiocollect._core.stand import Stand
from aiocollect._disks.local import LocalDisk
from aiocollect._spool.format import (
    LaneRecord,
)
from aiocollect._spool.recovery import Recovered, recover

SALT = 0x5A17_0001


STAND = Stand(0, False, False, None, "")


def lane(path: str = "a/data.csv") -> LaneRecord:
    return LaneRecord(0, 0, path, b"h\xff\n", False, "00000000aa", 2, "text/csv", 0, STAND)


def take_over(directory: Path) -> Recovered:
    disk = LocalDisk()
    lock = disk.lock(str(directory))
    assert lock is not None
    try:
        return recover(disk, str(directory), lock)
    finally:
        lock.release()
