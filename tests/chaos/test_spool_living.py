"""Real processes with a spool, and what others do to its directory: no row is lost or doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from testkit.child import Child

ROWS = 200


@asynccontextmanager
async def living(spool: Path, store: Path) -> AsyncIterator[Child]:
    """A process all of whose rows are durable, and none is stored; it is killed at the end."""
    task = {"spool": str(spool), "store": str(store), "rows": ROWS}
    log = spool.with_suffix(".log")
    async with Child("tests.chaos.spool_worker", task, log=log) as child:
        await child.hear("durable", timeout=60)
        yield child


def replay(spool: Path, store: Path) -> str:
    """What another process says that looks for what was left."""
    found = subprocess.run(
        [sys.executable, "-m", "aiocollect.cli", "replay", str(spool), "--store", str(store)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found.stdout.strip()


def stored(store: Path) -> Counter[float]:
    found: Counter[float] = Counter()
    for path in store.rglob("*.csv"):
        found.update(float(line.split(",")[0]) for line in path.read_text().splitlines()[1:])
    return found


def clean(spool: Path) -> None:
    """As those do that remove what is empty and old."""
    for path in spool.rglob("*"):
        if path.is_file() and not path.stat().st_size:
            path.unlink()


def rename(spool: Path) -> None:
    for path in list(spool.iterdir()):
        path.rename(spool / f"old-{path.name}")


def both(spool: Path) -> None:
    rename(spool)
    clean(spool)


@pytest.mark.timeout(120)
@pytest.mark.asyncio
@pytest.mark.parametrize("harm", [clean, rename, both])
@pytest.mark.parametrize("ends", ["closed", "killed"])
async def test_nobody_takes_a_living_life(
    harm: Callable[[Path], None], ends: str, tmp_path: Path
) -> None:
    """Its lock file is gone, or its directory has another name: while it lives it is its own; once
    it was killed the next one brings its rows, once."""
    spool, store = tmp_path / "spool", tmp_path / "store"
    async with living(spool, store) as child:
        harm(spool)
        assert replay(spool, store) == "nothing to replay"
        assert not stored(store)
        if ends == "closed":
            await child.tell(go=True)
            assert await child.hear("stored", timeout=60) == {"stored": ROWS}
            assert await child.ended(timeout=60)
    if ends == "killed":
        assert replay(spool, store) == f"{ROWS} of {ROWS} rows stored"
    assert stored(store) == Counter({float(number): 1 for number in range(ROWS)})
    assert not any(spool.iterdir())


@pytest.mark.timeout(120)
@pytest.mark.asyncio
async def test_a_life_that_cannot_be_opened_hides_no_other(tmp_path: Path) -> None:
    """Its lock file is a directory, and it comes first: the other one's rows are stored; its own
    too, once it can be opened."""
    spool, store = tmp_path / "spool", tmp_path / "store"
    for name in ("0-first", "second"):
        async with living(tmp_path / name, store):
            pass
        spool.mkdir(mode=0o700, exist_ok=True)
        (life,) = (tmp_path / name).iterdir()
        life.rename(spool / f"{name}-{life.name}")
    (lock,) = spool.glob("0-first-*/lock")
    lock.unlink()
    lock.mkdir()
    assert replay(spool, store) == f"{ROWS} of {ROWS} rows stored"
    lock.rmdir()
    assert replay(spool, store) == f"{ROWS} of {ROWS} rows stored"
    assert stored(store) == Counter({float(number): 2 for number in range(ROWS)})


@pytest.mark.timeout(120)
def test_a_process_that_ends_within_the_linger_leaves_nothing_behind(tmp_path: Path) -> None:
    """The default pipeline with a spool: a script records, and ends. Stored, or in the spool for
    the next one; without a traceback."""
    spool, store = tmp_path / "spool", tmp_path / "store"
    script = """
        from aiocollect import ModelDataCollector
        collector = ModelDataCollector("m", feature_names=["a"])
        for number in range(20):
            assert collector.collect(float(number)) is not None
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "AIOCOLLECT_STORE": str(store), "AIOCOLLECT_SPOOL": str(spool)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    assert "internal error" not in found.stderr
    assert stored(store) == Counter({float(number): 1 for number in range(20)})
