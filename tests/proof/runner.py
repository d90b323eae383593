"""Runs the shards that are missing, several at once, each in a process of its own.

The next shard is always one of the suite that is furthest from its goal, so that a run of any
length has something of each. A shard that has begun is let to its end; at an interrupt it is ended,
and nothing of it counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from .code import ROOT
from .record import Entry, Key, Record
from .suites import SUITES, Item, Suite
from .tally import Tally

__all__ = ["PYTHON", "Runner", "Shard", "revision"]

PYTHON: Final = sys.version.split()[0]
# After so long without an end a shard is ended, and its seed has failed. In seconds; under load the
# longest takes ten minutes.
PATIENCE: Final = 3600.0
# What an interrupted shard has for ending its own processes.
GRACE: Final = 20.0


class Shard(NamedTuple):
    """One piece of work."""

    suite: Suite
    item: Item
    key: Key


def revision() -> str:
    """The commit that is checked out; with a + where something has changed since."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        found = _git("rev-parse", "--short=10", "HEAD")
        return found + ("+" if _git("status", "--porcelain", "aiocollect", "tests") else "")
    return "no checkout"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Runner:
    """``ways``: the cores that are to be had here. ``say``: told of each shard."""

    record: Record
    suites: list[Suite] = field(default_factory=lambda: list(SUITES.values()))
    ways: tuple[str, ...] = ("native", "python")
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    say: Callable[[str], None] = print
    revision: str = field(default_factory=revision)

    def __post_init__(self) -> None:
        self._codes = {suite.name: suite.code() for suite in self.suites}
        self._begun: set[tuple[str, Item]] = set()
        self._obstacles: dict[str, str] = {}
        self.running: set[asyncio.subprocess.Process] = set()

    def key(self, suite: Suite, way: str) -> Key:
        """Of a suite's entry for the present code."""
        return Key(suite.name, way, self._codes[suite.name], PYTHON)

    def entries(self) -> dict[str, list[Entry]]:
        """What was run of each suite with the present code."""
        entries = self.record.entries()
        found = {
            suite.name: [self.key(suite, way) for way in ("native", "python")]
            for suite in self.suites
        }
        return {
            name: [entries[key] for key in keys if key in entries] for name, keys in found.items()
        }

    def missing(self, suite: Suite, entries: list[Entry]) -> list[Shard]:
        """What is not done, in order."""
        done = {item for entry in entries for item in entry.done}
        shards = [
            Shard(suite, item, self.key(suite, suite.way(index)))
            for index, item in enumerate(suite.items())
            if item not in done and (suite.name, item) not in self._begun
        ]
        return [shard for shard in shards if shard.key.way in self.ways]

    def next(self, seconds: float) -> Shard | None:
        """The next one that may end in time, of the suite that is furthest from its goal."""
        best: tuple[float, Shard] | None = None
        entries = self.entries()
        for suite in self.suites:
            if suite.name in self._obstacles:
                continue
            missing = self.missing(suite, entries[suite.name])
            share = 1.0 - len(missing) / len(suite.items())
            in_time = _expected(suite, entries[suite.name]) <= seconds
            if missing and in_time and (best is None or share < best[0]):
                best = share, missing[0]
        return None if best is None else best[1]

    async def run(self, seconds: float) -> None:
        """Until nothing is missing, or no shard would end in time."""
        end = time.monotonic() + seconds
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < self.jobs:
                    shard = self.next(end - time.monotonic())
                    if shard is None or time.monotonic() >= end:
                        break
                    self._begun.add((shard.suite.name, shard.item))
                    running.add(asyncio.create_task(self._run(shard)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, shard: Shard) -> None:
        suite, item, key = shard
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.proof.shard", suite.name, str(item)),
            cwd=ROOT,
            env={**os.environ, "AIOCOLLECT_NATIVE": "0" if key.way == "python" else "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            limit=1 << 24,
        )
        self.running.add(process)
        try:
            async with asyncio.timeout(PATIENCE):
                told, said = await asyncio.gather(_told(process), _said(process))
                await process.wait()
        except TimeoutError:
            told, said = {"seed": str(item)}, f"no end within {PATIENCE:g} s"
        finally:
            await _end(process)
            self.running.discard(process)
        self._take(shard, told, said, process.returncode)

    def _take(self, shard: Shard, told: dict[str, Any], said: str, code: int | None) -> None:
        suite, item, key = shard
        day, goal = datetime.now(UTC).date().isoformat(), suite.goal
        if "obstacle" in told:
            self._obstacles[suite.name] = told["obstacle"]
            self.say(f"{suite.name}: cannot be run here: {told['obstacle']}")
        elif "tally" in told and told["code"] != key.code:
            self.say(f"{suite.name}, {item}: not counted, the code has changed while it ran")
        elif "tally" in told:
            tally = Tally.of_json(told["tally"])
            self.record.add(key, item, tally, day=day, revision=self.revision, goal=goal)
            self.say(
                f"{suite.name}, {item} ({key.way}): {tally.units} {suite.units}, "
                f"{tally.rows} rows, {len(tally.failed)} failed, {tally.seconds:.0f} s"
            )
            for seed, problem in tally.failed.items():
                self.say(f"  {seed}: {problem}\n  replay: {suite.replay.format(seed=seed)}")
        else:
            seed = told.get("seed", str(item))
            last = f"its process ended with {code}: {said[-200:]}"
            self.record.died(key, seed, last, day=day, revision=self.revision, goal=goal)
            self.say(f"{suite.name}, {item} ({key.way}): in seed {seed} {last}")


def _expected(suite: Suite, entries: list[Entry]) -> float:
    """Seconds that a shard of it took, on the mean; 0 where none was run."""
    units = sum(entry.tally.units for entry in entries)
    return suite.size * sum(entry.tally.seconds for entry in entries) / units if units else 0.0


async def _told(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The last thing that a shard told of each kind."""
    assert process.stdout is not None
    told: dict[str, Any] = {}
    async for line in process.stdout:
        with contextlib.suppress(ValueError):  # what else is printed there
            found = json.loads(line)
            if isinstance(found, dict):
                told |= found
    return told


async def _said(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """No more of it: it is asked to end its own processes first."""
    if process.returncode is not None:
        return
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
            return
