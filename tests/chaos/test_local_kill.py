"""Processes append to one local file and are killed, in mid-write among other moments.

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
from collections import defaultdict
from pathlib import Path

import pytest

from aiocollect.stores.local import LocalStore
from aiocollect.stores.local_ledger import Record

HERE = Path(__file__).parent
WRITERS = 3
KILLS = int(os.environ.get("LOCAL_KILLS", "20"))
LONG = 200
PATH = "day/data.csv"


class Writer:
    """A running local_writer.py, and what it has said so far."""

    def __init__(self, root: Path, name: str, seed: int) -> None:
        self.log = root.parent / f"{root.name}-{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, HERE / "local_writer.py", root, name, str(seed)], stdout=log
            )

    def acknowledged(self) -> int:
        assert self.process.poll() is None, "the writer ended by itself"
        return self.log.stat().st_size

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


def writing(root: Path) -> int:
    """How many bytes somebody has under way, by the ledger; looked at without the lock."""
    record = Record.unpack((root / "day/.data.csv.ledger").read_bytes())
    return record.pending if record is not None else 0


def torn(root: Path) -> bool:
    """Whether the file ends in a part of an append."""
    record = Record.unpack((root / "day/.data.csv.ledger").read_bytes())
    assert record is not None
    return 0 < (root / PATH).stat().st_size - record.length < record.pending


async def opened_once_more(root: Path) -> None:
    store = LocalStore(root)
    await store.open(PATH, head=1)
    await store.aclose()


def check(root: Path, logs: dict[str, list[str]]) -> int:
    """The oracle: it knows the lines, and what the writers said before they died."""
    found: dict[str, list[int]] = defaultdict(list)
    with (root / PATH).open("rb") as file:
        for line in file:
            key, size, filling, end = line.split(b",")
            assert end == key + b"\n", "a torn append"
            assert len(filling) == int(size), "a torn append"
            life, number = key.decode().split(".")
            found[life].append(int(number))
    assert set(found) <= set(logs)
    for life, keys in logs.items():
        assert keys == [f"{life}.{number}" for number in range(len(keys))]
        # In order, each once, none left out; at most the last one was not acknowledged.
        assert found[life] == list(range(len(found[life])))
        assert len(found[life]) - len(keys) in (0, 1)
    return sum(map(len, found.values()))


@pytest.mark.timeout(1200)
def test_only_whole_appends_remain(tmp_path: Path) -> None:
    """Writers die at random moments while others go on, the last one in mid-write."""
    chance = random.Random()
    kills = torn_tails = appends = rounds = 0
    while kills < KILLS:
        root = tmp_path / f"round{rounds}"
        rounds += 1
        writers = [Writer(root, f"w{n}", chance.randrange(2**32)) for n in range(WRITERS)]
        alive = list(writers)
        try:
            while alive:
                # Everybody alive has got on since the last death.
                before = [writer.acknowledged() for writer in alive]
                deadline = time.monotonic() + 60
                while any(w.acknowledged() <= b for w, b in zip(alive, before, strict=True)):
                    assert time.monotonic() < deadline, "the living are held up by the dead"
                    time.sleep(0.002)
                time.sleep(chance.uniform(0, 0.05))
                if len(alive) == 1 or chance.random() < 0.5:
                    while writing(root) < 500_000:
                        assert time.monotonic() < deadline
                victim = alive.pop(chance.randrange(len(alive)))
                victim.kill()
                kills += 1
        finally:
            for writer in alive:
                writer.kill()
        torn_tails += torn(root)
        asyncio.run(opened_once_more(root))
        assert not torn(root)
        appends += check(
            root, {f"w{n}": writer.log.read_text().split() for n, writer in enumerate(writers)}
        )
        (root / PATH).unlink()  # hundreds of megabytes
    print(f"{kills} kills, {appends} appends, {torn_tails} of {rounds} rounds ended in a torn tail")
    assert torn_tails or KILLS < LONG, "no kill landed in mid-write"


@pytest.mark.asyncio
async def test_killed_before_each_system_call(tmp_path: Path) -> None:
    """Wherever a life is cut, its blob holds what it was told, whole, and takes the next append."""
    subprocess.run([sys.executable, HERE / "local_crasher.py", tmp_path], check=True, timeout=60)
    lines = [b"first\n", b"second\n"]
    contents = set()
    lives = [folder for folder in tmp_path.iterdir() if folder.is_dir()]
    store = LocalStore(tmp_path)
    for folder in lives:
        path = f"{folder.name}/data.csv"
        told = (tmp_path / f"{folder.name}.told").read_bytes().splitlines(keepends=True)
        made = await store.create(path, content_type="text/csv")
        assert not (made and told), "a blob that was made is gone"
        position = (await store.open(path, head=1)).length
        kept = (folder / "data.csv").read_bytes()
        assert kept in (b"", lines[0], lines[0] + lines[1])
        assert kept.startswith(b"".join(told[1:]))
        assert position == len(kept)
        contents.add(kept)
        await store.append(path, b"next\n", offset=position)
        assert (folder / "data.csv").read_bytes() == kept + b"next\n"
    await store.aclose()
    # Enough lives to have died everywhere: three requests of ten calls and more.
    assert len(contents) == 3
    assert len(lives) > 30
