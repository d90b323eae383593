"""A small world: one store that breaks when a scenario says so, and rows that are plain numbers.

Where life.py throws everything at everybody, a scenario here has one fault; what it promises can
then be said exactly. The oracle knows which numbers were accepted, in which order, and the stored
files through Python's csv.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import Callable, Coroutine
from itertools import count
from random import Random
from typing import Any

from aiocollect import Pipeline
from aiocollect.testing import Fault, FaultKind, MemoryStore, Operation, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

__all__ = ["Result", "World", "run_scenario"]

# Ways to be down; BUSY and ERROR answer at once, HANG never does.
DOWN = [FaultKind.HANG, FaultKind.NOT_SENT, FaultKind.BUSY, FaultKind.ERROR, FaultKind.CREDENTIAL]


class Result:
    """What became of one scenario: its seed, and what was wrong with it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.problems: list[str] = []


class World:
    """The store and its weather, and the oracle over it."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.random = Random(seed)
        self.loop = loop
        self.result = Result(seed)
        self.weather: Callable[[Operation, str], Fault | None] = lambda operation, path: None
        self.store = MemoryStore(
            faults=lambda operation, path: self.weather(operation, path),
            latency=self.random.choice([0.0, 0.02, 0.1]),
        )
        self.accepted: dict[str, list[int]] = defaultdict(list)
        self.foreign_rows = 0  # rows of others, under a header of theirs
        self._numbers = count()

    def break_down(self, *kinds: FaultKind, path: str = "") -> None:
        """From now on every request (whose path has ``path`` in it) meets one of these."""
        kinds = kinds or (self.random.choice(DOWN),)
        self.weather = lambda operation, where: (
            Fault(self.random.choice(kinds)) if path in where else None
        )

    def heal(self) -> None:
        """The store is well again."""
        self.weather = lambda operation, path: None

    def pipeline(self, **options: Any) -> Pipeline:
        """A pipeline on the store."""
        return make_pipeline(self.store, self.loop, **options)

    def collect(self, pipeline: Pipeline, model: str, rows: int = 1, **options: Any) -> bool:
        """Collect the next numbers; whether they were accepted."""
        collector = pipeline.collector(model, feature_names=["n"])
        numbers = [next(self._numbers) for _ in range(rows)]
        if collector.collect([[n] for n in numbers], **options) is None:
            return False
        self.accepted[model] += numbers
        return True

    def expect(self, truth: bool, otherwise: str) -> None:
        """What the scenario promises."""
        if not truth:
            self.result.problems.append(otherwise)

    def stored(self) -> dict[str, list[int]]:
        """The numbers in the store, by model, in the order of their parts."""
        found: dict[str, list[int]] = defaultdict(list)
        for path, data in sorted(self.store.blobs.items(), key=lambda blob: _part(blob[0])):
            if not data:
                continue
            header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
            if header[0] != "n":
                self.expect(len(rows) == self.foreign_rows, f"misplaced: rows of ours in {path}")
                continue
            (model,) = [name for name in self.accepted if f"/{name}/" in path] or ["?"]
            found[model] += [int(float(row[0])) for row in rows]
        return found

    def expect_all_stored(self, why: str, *, ordered: bool = True) -> None:
        """Every accepted number once, and, where one can tell, in the order of the calls."""
        found = self.stored()
        for model, numbers in self.accepted.items():
            lost = len(set(numbers) - set(found[model]))
            self.expect(not lost, f"lost: {lost} rows of {model}, {why}")
            self.expect(len(found[model]) == len(set(found[model])), f"doubled: rows of {model}")
            in_order = found[model] == sorted(found[model]) or not ordered
            self.expect(in_order, f"reordered: rows of {model}")


def _part(path: str) -> tuple[str, int]:
    folder, _, name = path.rpartition("/")
    number = name.removesuffix(".csv").rpartition("_")[2]
    return folder, int(number) if number.isdigit() else 0


def run_scenario(scenario: Callable[[World], Coroutine[Any, Any, None]], seed: int) -> Result:
    """Run a scenario to its end."""

    async def main(loop: VirtualLoop) -> Result:
        world = World(seed, loop)
        try:
            # Virtual seconds; a scenario that takes longer waits for what never comes.
            async with asyncio.timeout(1800):
                await scenario(world)
        except Exception as error:
            world.result.problems.append(f"{type(error).__name__}: {error}")
        return world.result

    return run_virtual(main)
