"""What the tests of the disk in memory share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from aiocollect.testing import (
    DiskProcess,
    MemoryDisk,
)


def sync_all(process: DiskProcess) -> None:
    process.make_directory("/d")
    sync_names(process)


def sync_names(process: DiskProcess, path: str = "/d") -> None:
    """By whoever has it locked."""
    directory = process.lock(path)
    assert directory is not None
    try:
        directory.sync()
    finally:
        directory.release()


def outcomes(act: Callable[[MemoryDisk], object], seeds: int = 300) -> Counter[object]:
    return Counter(act(MemoryDisk(Random(seed))) for seed in range(seeds))
