"""Makes the golden files of this release: ``make golden-release``, which runs this module.

Twice, and refuses to keep what differs: nothing in them may hang on the machine or on the time. The
files of older releases are never written again.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect._version import __version__
from aiocollect.testing import (
    Fault,
    FaultKind,
    MemoryDisk,
    Operation,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)
from tests.golden.given import COMPACTED, FOLLOWED, LEDGER, NOON, STORES, Golden
from tests.golden.kept import HERE, SUMS, keep_spool, keep_store, kept_store, sums
from tests.golden.spools import SPOOLS, Spooled

WRITER = "00000000aa"


def pipeline(store: Any, loop: VirtualLoop, **options: Any) -> Pipeline:
    """One whose bytes hang on nothing but its options."""
    disk = options.pop("disk", None)
    seams = Seams(
        clock=VirtualClock(loop, epoch=NOON.timestamp()),
        chance=lambda: 0.5,
        writer_id=WRITER,
        disk=disk,
    )
    return Pipeline(store, _seams=seams, **options)


def written(golden: Golden) -> MemoryStore:
    """The store after a life that ended well."""
    store = MemoryStore()

    async def main(loop: VirtualLoop) -> None:
        async with pipeline(store, loop, **golden.options) as open_:
            golden.collect(open_)

    run_virtual(main)
    return store


def keep_killed(case: Spooled, folder: Path) -> None:
    """Store and disk as a kill would leave them: in the middle of a life, which then goes on."""
    store, disk = MemoryStore(readable=case.readable), MemoryDisk(Random(1))

    async def main(loop: VirtualLoop) -> None:
        open_ = pipeline(
            store, loop, disk=disk.process(), spool="/spool", linger=0.1, **case.options
        )
        await open_.start()
        stream = open_.collector("m", version="1", identifier="in", feature_names=["a"])
        for number in case.stored:
            stream.collect([number])
        await open_.flush()
        # The first answer is lost, after the append landed; then nothing is answered.
        struck = iter([Fault(FaultKind.LOST_ANSWER)] if case.doubt else [])

        def faults(operation: Operation, path: str) -> Fault | None:
            if path.startswith("_aiocollect/"):
                return Fault(FaultKind.BUSY)
            return next(struck, None) or Fault(FaultKind.BUSY)

        store.faults = faults
        for number in case.doubt:
            stream.collect([number])
        await asyncio.sleep(0.3)
        for number in case.waiting:
            stream.collect([number])
            await asyncio.sleep(0.05)
        await asyncio.sleep(case.after)
        keep_store(store, folder / "store")
        keep_spool(disk.files, folder)
        store.faults = None
        await open_.aclose()

    run_virtual(main)


def make(folder: Path) -> None:
    """All golden files, with their checksums."""
    for name, golden in STORES.items():
        store = written(golden)
        keep_store(store, folder / "stores" / name)
        if name in COMPACTED:
            aiocollect.compact(store, store)
            if name == COMPACTED[0]:
                for path in list(store.blobs):
                    store.delete(path)
            keep_store(store, folder / "stores" / f"{name}-compacted")
    for name, case in SPOOLS.items():
        keep_killed(case, folder / "spools" / name)
    (folder / "dead-letters.jsonl").write_bytes(dead_letters())
    (folder / "ledger").write_bytes(LEDGER.pack())
    kept = tokens(folder / "stores" / FOLLOWED)
    (folder / "tokens.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (folder / SUMS).write_text(sums(folder), encoding="utf-8")


def tokens(folder: Path) -> dict[str, str]:
    """What users keep: a snapshot, and the position of a follower behind its first batch."""
    asked = {"version": "1", **STORES[FOLLOWED].asked}
    snapshot = aiocollect.read(kept_store(folder), "m", **asked).snapshot

    async def first() -> str:
        stream = asked["streams"]
        rows = aiocollect.follow(
            kept_store(folder), "m", version="1", stream=stream, since=None, poll=None
        )
        async with rows:
            async for batch in rows:
                return batch.position
        raise AssertionError("there are rows")

    return {"snapshot": snapshot, "position": asyncio.run(first())}


def dead_letters() -> bytes:
    """The file of a life with a row that no store takes."""
    store = MemoryStore(max_block_bytes=256)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "dead")

        async def main(loop: VirtualLoop) -> None:
            # An object in place of a disk: files are written on the loop then.
            disk = MemoryDisk(Random(1)).process()
            async with pipeline(store, loop, disk=disk, dead_letters=str(path)) as open_:
                stream = open_.collector("m", version="1", identifier="in", feature_names=["t"])
                stream.collect(["short"], correlation_id="kept", at=NOON)
                await open_.flush()
                stream.collect(["long " * 60], correlation_id="dead", at=NOON)

        run_virtual(main)
        return path.read_bytes()


def main() -> int:
    """The entry point; returns the exit code."""
    release = ".".join(__version__.split(".")[:2])
    target = HERE / release
    with tempfile.TemporaryDirectory() as directory:
        first, second = Path(directory, "first"), Path(directory, "second")
        make(first)
        make(second)
        if (first / SUMS).read_bytes() != (second / SUMS).read_bytes():
            found = zip(sums(first).splitlines(), sums(second).splitlines(), strict=False)
            differ = [one for one, other in found if one != other]
            print("made twice, and not the same:\n" + "\n".join(differ), file=sys.stderr)
            return 1
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(first, target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target.name}: {len(sums(target).splitlines())} files, {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
