"""Files that operators name, while a pipeline runs: replaced, frozen, on a disk that hangs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect._delivery.dead_letters import MAX_WAITING
from aiocollect._hooks.hooks import Hooks
from aiocollect.events import DeadLettersLost, Event, SettingsRejected
from aiocollect.settings_file import (
    MAX_BYTES,
    Control,
    Switch,
    read_collectors,
    read_control,
    tell_collectors,
    write_control,
)
from tests.support.odd_files import NO_FILES
from tests.support.odd_files import in_time as in_time


class Odd:
    """An encoder that takes no text: a dead letter each."""

    content_type = "text/plain"
    extension = "csv"

    def header(self, schema: Any) -> bytes:
        return b"a\n"

    def encode(self, pieces: Any, schema: Any) -> list[bytes]:
        return [b"%f\n" % row[0] for piece in pieces for row in piece.rows]


def replace(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    NO_FILES[kind](path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", NO_FILES)
def test_the_settings_file_becomes_something_else(tmp_path: Path, kind: str) -> None:
    """What it said last holds, it is told once, and the loop goes on; when it is a file again it is
    obeyed again."""
    path = tmp_path / "settings.json"
    write_control(path, Control(Switch(sample_rate=0.5)))
    events: list[Event] = []

    def complaints() -> list[str]:
        return [event.reason for event in events if isinstance(event, SettingsRejected)]

    async def live() -> None:
        async with Pipeline(MemoryStore(), settings_file=path, hooks=[events.append]) as pipeline:
            pipeline.collector("m", feature_names=["a"])

            async def until(true: Callable[[], bool]) -> None:
                async with asyncio.timeout(30):
                    while not true():
                        await asyncio.sleep(0.02)

            replace(path, kind)
            await until(lambda: bool(complaints()))
            assert pipeline.stats().sample_rates == {"m/default/default": 0.5}
            if path.is_dir():
                path.rmdir()
            write_control(path.with_name("next"), Control(Switch(sample_rate=0.25)))
            os.replace(path.with_name("next"), path)
            await until(lambda: pipeline.stats().sample_rates == {"m/default/default": 0.25})

    asyncio.run(live())
    [said] = complaints()
    assert kind in said
    assert str(path) in said


@pytest.mark.parametrize("kind", ["a pipe", "a link", "a socket", "a directory"])
def test_the_dead_letters_become_something_else(tmp_path: Path, kind: str) -> None:
    """Their rows are counted and told as ever, that they are not written is told too; nothing is
    written through a link, and no reader of a pipe gets a cell."""
    path = tmp_path / "dead"
    other = tmp_path / "other"
    other.write_text("keep me\n")
    events: list[Event] = []

    async def live() -> None:
        pipeline = Pipeline(
            MemoryStore(), dead_letters=path, linger=0, format=Odd(), hooks=[events.append]
        )
        async with pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            collector.collect(["x"])
            await pipeline.flush(30)
            while not path.exists():
                await asyncio.sleep(0.01)
            path.unlink()
            if kind == "a link":
                path.symlink_to(other)
            else:
                NO_FILES[kind](path)
            collector.collect(["y"])
            report = await pipeline.flush(30)
            assert sum(report.dead_lettered.values()) == 2

    asyncio.run(live())
    [lost] = [event for event in events if isinstance(event, DeadLettersLost)]
    assert (lost.rows, lost.reason) == (1, f"it is {kind}, not a regular file")
    assert other.read_text() == "keep me\n"


class Frozen:
    """Beside the loop nothing comes back, like a file system that is frozen."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def apart(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self.waiting.append((work, then))

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        self.waiting.clear()


@pytest.mark.asyncio
async def test_a_frozen_disk_takes_no_memory(tmp_path: Path) -> None:
    """Dead letters wait for it up to a bound; the others are told as not written."""
    from aiocollect._delivery.dead_letters import DeadLetters

    told: list[Any] = []
    frozen = Frozen()
    letters = DeadLetters(str(tmp_path / "dead"), aside=frozen, hooks=Hooks([told.append]))
    for _ in range(100):
        letters.write("m", rows=1, reason="encode", content=b"x" * 2**17)
    waiting = sum(len(work.__closure__ or ()) > 0 for work, _ in frozen.waiting)
    assert waiting * 2**17 <= MAX_WAITING
    assert letters.lost == 100 - waiting == len(told)
    assert {event.reason for event in told} == {"the disk does not answer"}
    await letters.settle(0)


@pytest.mark.asyncio
async def test_a_settings_file_on_a_disk_that_hangs(tmp_path: Path) -> None:
    """It is not asked again while it owes an answer, which is said once; what was said last holds,
    and an answer that comes late is obeyed."""
    from aiocollect._core.gate import Gates
    from aiocollect._engine.settings_watcher import PATIENCE, SettingsWatcher

    path = tmp_path / "settings.json"
    write_control(path, Control(Switch(sample_rate=0.5)))
    events: list[Any] = []
    obeyed: list[Control] = []

    class Obedient(Gates):
        def obey(self, control: Control) -> None:
            obeyed.append(control)

    gates = Obedient(Switch(), under_pressure=1.0, hook=events.append)
    frozen = Frozen()
    watch = SettingsWatcher(str(path), aside=frozen, gates=gates, hooks=Hooks([events.append]))
    assert [control.whole.sample_rate for control in obeyed] == [0.5]
    write_control(path, Control(Switch(sample_rate=0.25)))
    watch.start()
    for _ in range(3 * PATIENCE):
        watch._tick()
        watch.stop()
    assert len(frozen.waiting) == 1
    assert [event.reason for event in events] == [
        f"the disk of the settings file {path} does not answer"
    ]
    work, then = frozen.waiting.pop()
    then(work())
    assert obeyed[-1].whole.sample_rate == 0.25
    watch._tick()
    watch.stop()
    assert len(frozen.waiting) == 1


@pytest.mark.slow
def test_the_loop_touches_no_file(tmp_path: Path) -> None:
    """Of a pipeline with a settings file and dead letters every call for a file comes from another
    thread than the loop's, once it runs."""
    settings, dead = tmp_path / "settings.json", tmp_path / "dead"
    write_control(settings, Control())
    calls: list[tuple[str, bool]] = []
    watched = False

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if watched and event in ("open", "os.listdir", "os.rename", "os.remove"):
            name = str(arguments[0])
            if name.startswith(str(tmp_path)):
                calls.append((name, threading.current_thread() is threading.main_thread()))

    sys.addaudithook(audit)

    async def live() -> None:
        nonlocal watched
        pipeline = Pipeline(
            MemoryStore(), dead_letters=dead, settings_file=settings, linger=0, format=Odd()
        )
        async with pipeline:
            watched = True
            pipeline.collector("m", feature_names=["a"]).collect(["x"])
            await pipeline.flush(30)
            async with asyncio.timeout(30):
                while not dead.exists() or not read_collectors_exist(settings):
                    await asyncio.sleep(0.05)
            watched = False

    asyncio.run(live())
    assert {name for name, _ in calls} >= {str(dead), f"{settings}.collectors"}
    assert not any(on_loop for _, on_loop in calls)


def read_collectors_exist(settings: Path) -> bool:
    return settings.with_name("settings.json.collectors").exists()


@pytest.mark.slow
def test_a_large_settings_file_is_obeyed_in_no_time(tmp_path: Path) -> None:
    """Thousands of names for thousands of collectors: each is looked up, none is searched for."""
    path = tmp_path / "settings.json"
    named = {f"m{n}": {"sample_rate": 0.5} for n in range(30_000)}
    path.write_text(json.dumps({"collectors": named}, separators=(",", ":")))
    assert path.stat().st_size < MAX_BYTES
    looked_up = 0

    class Counting(dict[str, Switch]):
        def __contains__(self, name: object) -> bool:
            nonlocal looked_up
            looked_up += 1
            return super().__contains__(name)

        def items(self) -> Any:
            raise AssertionError("it is searched through")

    control = Control(Switch(), Counting(read_control(path).collectors))
    assert control.switch_of("m7/1/inputs") == Switch(sample_rate=0.5)
    assert control.switch_of("m/1/inputs") == Switch()
    assert looked_up == 6


@pytest.mark.slow
def test_a_process_ends_beside_a_pipe(tmp_path: Path) -> None:
    """Settings and dead letters both turn into pipes: the process goes on, stores, and ends."""
    program = """
import asyncio, os, sys
from aiocollect import Pipeline
settings, dead, store = sys.argv[1:]
open(settings, "w").write("{}")

async def live():
    async with Pipeline(store, settings_file=settings, dead_letters=dead, linger=0.1) as pipeline:
        stream = pipeline.collector("m", feature_names=["a"])
        for path in (settings, dead):
            if os.path.exists(path):
                os.unlink(path)
            os.mkfifo(path)
        for n in range(30):
            stream.collect([float(n)])
            await asyncio.sleep(0.1)
        print((await pipeline.flush(20)).stored)

asyncio.run(live())
"""
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", program, *(str(tmp_path / name) for name in ("s", "d", "store"))],
        env={"PATH": "/bin", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "30\n"), ended.stderr
    assert "it is a pipe, not a regular file" in ended.stderr


def test_collectors_are_told_once(tmp_path: Path) -> None:
    """Several processes tell the same ones; what somebody else has written there is passed over."""
    path = tmp_path / "settings.json"
    tell_collectors(path, ["b/1/i", "a/1/i", "new\nline"])
    tell_collectors(path, ["a/1/i", "c/1/i"])
    told = tmp_path / "settings.json.collectors"
    assert told.read_text().count("\n") == 4
    told.write_text(told.read_text() + "no json\n[1]\n")
    assert read_collectors(path) >= {"a/1/i", "b/1/i", "c/1/i", "new\nline"}
