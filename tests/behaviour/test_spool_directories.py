"""Whose directory a spool is: private, and nobody else's files are touched."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.events import Event, SpoolLeft
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.spools import down, numbers, spooled


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """At construction, with the remedy."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ConfigError, match="chmod it to 700"):
        Pipeline(MemoryStore(), spool=tmp_path / "open")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="is a link"):
        Pipeline(MemoryStore(), spool=tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="spool: "):
        Pipeline(MemoryStore(), spool=tmp_path / "file" / "below")


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask."""
    old = os.umask(0)
    try:

        async def main(loop: VirtualLoop) -> None:
            pipeline = spooled(MemoryStore(faults=down), loop, tmp_path / "a" / "b", 1)
            pipeline.collector("m", feature_names=["a"]).collect(1.0)
            await pipeline.aclose(timeout=0.5)

        run_virtual(main)
    finally:
        os.umask(old)
    found = list((tmp_path / "a").rglob("*"))
    assert len(found) == 5
    for path in [tmp_path / "a", *found]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_strange_directory_is_left_alone(tmp_path: Path) -> None:
    """It is told once, and stays; the pipeline works."""
    strange = tmp_path / "0000000009-1"
    strange.mkdir()
    (strange / "slots").write_bytes(b"something else" * 20)
    (strange / "00000001.rows").write_bytes(b"rows")
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = spooled(store, loop, tmp_path, 1, hooks=[events.append])
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await asyncio.sleep(100.0)
        await pipeline.aclose()
        assert numbers(store) == [1.0]

    run_virtual(main)
    left = [event for event in events if isinstance(event, SpoolLeft)]
    assert left == [SpoolLeft(life="0000000009-1", reason="it is not a spool file")]
    assert sorted(path.name for path in strange.iterdir()) == ["00000001.rows", "slots"]
