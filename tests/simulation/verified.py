"""Lives that are verified while they are lived, and at their end.

The same writers, faults, strangers and hosts as in life.py. What a verdict may say is known from
what was done to the blobs, and from the rows that are in them, read by Python's csv: nothing here
knows the log.

- Never *damaged* unless somebody deleted, replaced, emptied or tore a blob of rows.
- *Proven* only with as many rows in the blobs as the log has records of, and never while all
  pipelines run.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from typing import Any

import aiocollect
from aiocollect.reading import Verdict
from aiocollect.testing import FaultKind, MemoryStore, VirtualLoop, run_virtual
from aiocollect.typing import LOG_ROOT

from .crash_life import World
from .host_faults import PANICS
from .life import Life, Outcome
from .producer import SERVICE, WORKSPACE
from .trace import silent

__all__ = ["VerifiedLife", "verified_life", "verified_machine"]

# A life has some hundred steps; a verdict of it takes a few milliseconds.
EVERY = 211


class VerifiedLife(Life):
    """A life that is verified at some of its steps."""

    def __init__(self, seed: int, loop: VirtualLoop, outcome: Outcome) -> None:
        super().__init__(seed, loop, outcome, silent)
        self.states: Counter[str] = Counter()
        self.ended = False

    def step(self) -> None:
        """After every step of the loop."""
        super().step()
        if self.outcome.steps % EVERY == 0:
            self.verify()

    @property
    def touched(self) -> bool:
        """Whether somebody else has done something to a blob of rows."""
        destroyed = any(not path.startswith(LOG_ROOT) for path, _ in self.store.destroyed)
        return destroyed or bool(self.plan.struck[FaultKind.TORN])

    def verify(self) -> Verdict:
        """Ask, and hold the answer against what is there."""
        view = MemoryStore()
        view._blobs = self.store._blobs
        where: dict[str, Any] = {"workspace": WORKSPACE, "service": SERVICE}
        verdict = aiocollect.verify(view, **where)
        for day in verdict.days:
            self.states[day.state] += self.ended
            problem = ""
            if day.state == "damaged" and not self.touched:
                problem = "a false alarm"
            elif day.state == "proven" and not any(one._engine.closed for one in self.pipelines):
                problem = "proven while all of them run"
            elif day.state == "proven" and day.stored != self._rows(day):
                problem = f"{self._rows(day)} rows are there"
            if problem:
                self.outcome.found["verdict"] += 1
                self.outcome.problems.append(f"verdict: {problem}: {verdict}")
                break
        return verdict

    def _rows(self, day: Any) -> int:
        """The rows in the blobs of a stream and day."""
        model = day.model.replace("/", "~2F")
        folder = f"/{model}/{day.version}/{day.stream}/{day.begin:%Y/%m/%d}/"
        rows = 0
        for path, data in self.store.blobs.items():
            if folder in path and data:
                rows += len(list(csv.reader(io.StringIO(data.decode(), newline="")))) - 1
        return rows


def verified_life(seed: int) -> tuple[Outcome, Counter[str]]:
    """Live the life of a seed, and verify it; the states of its days at the end."""
    outcome = Outcome(seed)
    states: Counter[str] = Counter()

    async def main(loop: VirtualLoop) -> None:
        life = VerifiedLife(seed, loop, outcome)
        try:
            await life.live()
        finally:
            loop.after_step = None
            outcome.rows = sum(producer.rows for producer in life.producers)
        life.ended = True
        life.verify()
        states.update(life.states)

    try:
        run_virtual(main)
    except (Exception, *PANICS) as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome, states


def verified_machine(seed: int) -> tuple[list[str], Counter[str]]:
    """The processes of a machine that crashes, with their spool, one after the other; the problems,
    and the states at the end. Nobody touches the blobs, so nothing may be damaged."""
    world = World(seed)
    lives = world.random.randint(1, 5)
    for number in range(lives + 1):
        world.live(number, last=number == lives)
    states: Counter[str] = Counter()
    problems = []
    for store in {id(store): store for store in world.stores.values()}.values():
        view = MemoryStore()
        view._blobs = store._blobs
        verdict = aiocollect.verify(view)
        states.update(day.state for day in verdict.days)
        if verdict.state == "damaged":
            problems.append(f"a false alarm: {verdict}")
    return problems, states


def main(first: int, count: int) -> int:
    """``python -m tests.simulation.verified FIRST COUNT``: so many lives, and a quarter as many
    machines; the exit code."""
    states: Counter[str] = Counter()
    failed = 0
    for seed in range(first, first + count):
        outcome, found = verified_life(seed)
        states.update(found)
        if outcome.problems:
            failed += 1
            print(f"seed {seed}: {outcome.problems[0]}")
    print(f"{count} lives, {failed} failed; days at their ends: {dict(states)}")
    states.clear()
    for seed in range(first, first + count // 4):
        problems, found = verified_machine(seed)
        states.update(found)
        if problems:
            failed += 1
            print(f"machine {seed}: {problems[0]}")
    print(f"{count // 4} machines; days at their ends: {dict(states)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2])))
