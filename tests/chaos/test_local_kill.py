"""Three processes append to one file and are killed in mid-write, again and again.

Whole appends remain; what was acknowledged is there once; what was not is there once or never.
LOCAL_KILLS=200 is the long form.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiocollect.stores.local import LocalStore

WRITERS = 3
KILLS = int(os.environ.get("LOCAL_KILLS", "15"))
PATH = "day/data.csv"

# One append after the other, as a lane does it; each line names its append, its size and its end.
CHILD = """
import asyncio, os, random, sys
from aiocollect import OffsetMismatch
from aiocollect.stores.local import LocalStore

async def main(root, name, seed):
    store, chance, number = LocalStore(root), random.Random(int(seed)), 0
    await store.create("day/data.csv", content_type="text/csv")
    position = (await store.open("day/data.csv", head=1)).length
    while True:
        key = f"{name}.{number}"
        size = chance.choice([100, 5_000, 3_000_000])
        data = f"{key},{size},".encode() + b"x" * size + f",{key}\\n".encode()
        try:
            position = (await store.append("day/data.csv", data, offset=position)).length
        except OffsetMismatch:
            position = (await store.open("day/data.csv", head=1)).length
            continue
        os.write(1, f"{key}\\n".encode())
        number += 1

asyncio.run(main(*sys.argv[1:]))
"""


def start(root: Path, name: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, str(root), name, str(random.random())[2:]], stdout=out
        )


async def repaired(root: Path) -> bytes:
    """The file, after anybody has opened it once more."""
    store = LocalStore(root)
    await store.open(PATH, head=1)
    await store.aclose()
    return (root / PATH).read_bytes()


@pytest.mark.timeout(900)
def test_only_whole_appends_remain(tmp_path: Path) -> None:
    """Every line is whole; acknowledged lines are there once, in their writer's order."""
    log = tmp_path / "acknowledged"
    log.touch()
    root = tmp_path / "store"
    running = {f"w{n}-0": start(root, f"w{n}-0", log) for n in range(WRITERS)}
    torn = killed = lives = 0
    try:
        while killed < KILLS:
            time.sleep(random.uniform(0.02, 0.3))
            if not log.stat().st_size:
                continue
            name = random.choice(list(running))
            victim = running.pop(name)
            victim.kill()
            victim.wait(10)
            killed += 1
            lives += 1
            running[f"{name.split('-')[0]}-{lives}"] = start(
                root, f"{name.split('-')[0]}-{lives}", log
            )
    finally:
        for process in running.values():
            process.kill()
            process.wait(10)
    torn = (root / PATH).stat().st_size
    data = asyncio.run(repaired(root))
    print(f"{killed} kills, {torn - len(data)} torn bytes at the end")
    found: list[str] = []
    for line in data.splitlines(keepends=True):
        key, size, filling, end = line.decode().split(",")
        assert end == f"{key}\n"
        assert len(filling) == int(size)
        found.append(key)
    assert len(found) == len(set(found)), "an append stands twice"
    acknowledged = log.read_text().split()
    assert set(acknowledged) <= set(found), "an acknowledged append is gone"
    # Each life may have had one append under way that nobody was told of.
    assert len(found) - len(acknowledged) <= WRITERS + killed
    for life in {key.split(".")[0] for key in found}:
        numbers = [int(key.split(".")[1]) for key in found if key.split(".")[0] == life]
        assert numbers == sorted(numbers)
