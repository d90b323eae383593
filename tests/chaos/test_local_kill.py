"""Processes append to one local file and are killed, in mid-write among other moments.

Whole appends remain; what was acknowledged is there once; what was not is there once or never.
LOCAL_KILLS=200 is the long form.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from aiocollect.errors import StoreBusy
from aiocollect.stores.local import LocalStore
from aiocollect.stores.local.ledger import Record

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
    contents = set()
    lives = [folder for folder in tmp_path.iterdir() if folder.is_dir()]
    store = LocalStore(tmp_path)
    for folder in lives:
        path = f"{folder.name}/data.csv"
        told = (tmp_path / f"{folder.name}.told").read_bytes().splitlines(keepends=True)
        made = await store.create(path, content_type="text/csv")
        position = (await store.open(path, head=1)).length
        kept = (folder / "data.csv").read_bytes()
        assert kept in (b"", b"first\n", b"first\nsecond\n", b"anew\n")
        # It deletes the blob just before it forgets what it was told.
        assert kept.startswith(b"".join(told[1:])) or (made and len(told) == 3)
        assert not made or len(told) in (0, 3), "a blob that was made is gone"
        assert position == len(kept)
        contents.add(kept)
        await store.append(path, b"next\n", offset=position)
        assert (folder / "data.csv").read_bytes() == kept + b"next\n"
    await store.aclose()
    # Enough lives to have died everywhere: five requests of ten calls and more.
    assert len(contents) == 4
    assert len(lives) > 50


# Forks and exits ----------------------------------------------------------------------------------


def run(script: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


AT_EXIT = """
import asyncio, atexit, sys, threading
from aiocollect.stores.local import LocalStore

store = LocalStore(sys.argv[1])

async def last_words():
    await store.append("data.csv", b"last\\n", offset=6)
    await store.aclose()

atexit.register(lambda: asyncio.run(last_words()))
asyncio.run(store.create("data.csv", content_type=""))
asyncio.run(store.append("data.csv", b"first\\n", offset=0))
"""


def test_last_words_at_exit(tmp_path: Path) -> None:
    """At the interpreter's exit, when no thread may be started, an append is made all the same."""
    done = run(AT_EXIT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "data.csv").read_bytes() == b"first\nlast\n"


FORKED = """
import asyncio, os, sys
from aiocollect.stores.local import LocalStore

async def append(offset):
    async with asyncio.timeout(20):
        await store.append("data.csv", b"row\\n", offset=offset)

store = LocalStore(sys.argv[1])
asyncio.run(store.create("data.csv", content_type=""))
for n in range(8):  # all threads are up, and idle
    asyncio.run(append(4 * n))
child = os.fork()
if child == 0:
    asyncio.run(append(32))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(append(36))
"""


def test_a_fork_gets_threads_of_its_own(tmp_path: Path) -> None:
    """The parent's threads are not in the child: it starts its own, and does not wait for those."""
    done = run(FORKED, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data.csv").read_bytes() == b"row\n" * 10


KILLED_PARENT = """
import os, signal, sys
from aiocollect._files.descriptors import watch_forks
from aiocollect.stores.local import ledger

path, watched = sys.argv[1:]
if watched == "watched":
    watch_forks()
ledger.create(path)
with ledger.locked(path):
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(done, b"1")
        os.write(1, str(os.getpid()).encode())
        os.closerange(0, 3)  # or whoever reads our output would wait for us
        signal.alarm(60)
        signal.pause()
    os.read(ready, 1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.asyncio
@pytest.mark.parametrize("watched", ["watched", "not watched"])
async def test_a_fork_inherits_no_lock(tmp_path: Path, watched: str) -> None:
    """A parent killed in mid-append frees its lock, though its child lives on; a control shows
    that the child would have kept it."""
    done = run(KILLED_PARENT, tmp_path / "data.csv", watched)
    assert done.returncode == -signal.SIGKILL, done.stderr
    store = LocalStore(tmp_path)
    try:
        if watched == "watched":
            assert (await store.append("data.csv", b"row\n", offset=0)).length == 4
        else:
            with pytest.raises(StoreBusy, match="LockHeld"):
                await store.append("data.csv", b"row\n", offset=0)
    finally:
        os.kill(int(done.stdout), signal.SIGKILL)
        await store.aclose()
