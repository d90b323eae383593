"""Pipelines with a spool on real files, for the tests of the spool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Fault, FaultKind, VirtualLoop
from tests.support.disks import InlineDisk
from tests.support.virtual import make_pipeline


def numbers(store: MemoryStore) -> list[float]:
    """The first cells of all rows, file by file."""
    found: list[float] = []
    for path in sorted(store.blobs):
        found += [float(line.split(b",")[0]) for line in store.blobs[path].splitlines()[1:]]
    return found


def spooled(
    store: MemoryStore, loop: VirtualLoop, directory: Path, life: int, **options: Any
) -> Pipeline:
    return make_pipeline(
        store,
        loop,
        **{
            "spool": directory,
            "disk": InlineDisk(),
            "linger": 0.1,
            "writer_id": f"{life:010x}",
            **options,
        },
    )


def down(*_: object) -> Fault:
    return Fault(FaultKind.BUSY)


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))
