"""Lives of a store that is compacted while it is written to and read, and ends anywhere.

Each life is a few dozen actions: rows are written, come late, or come back from a spool after their
part was removed; a compactor runs, is killed before or after any of its requests, or meets another
one, a writer or a reader between any two of them; parts are removed; a stranger makes a part again.
Readers run at every step, and meet all of this between their own requests.

The oracle is a set of texts: the rows that were written, each once. It knows nothing of parts,
files, footers or watermarks.

``python -m tests.simulation.compactions`` lives a thousand of them.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any, Literal, NamedTuple

import aiocollect
from aiocollect import MemoryStore
from aiocollect.errors import BlobFull, OutcomeUnknown, SnapshotGone
from aiocollect.testing import VirtualLoop, run_virtual
from aiocollect.typing import METADATA

from .compaction_views import CONTROLS, FOLDER, SEEDS, Step, View
from .life import Outcome

ID, TIME, ROW = METADATA
HEADER = f"value,{ID},{TIME},{ROW}\n".encode()
DAYS = ("2026/01/30", "2026/01/31")
ACTIONS = 14


class AtOnce(ThreadPoolExecutor):
    """Does what is given to threads at once, so that a life is the same each time."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Killed(Exception):
    """The process ended here."""


class Written(NamedTuple):
    """A row as it was written: its day, its part and its line."""

    day: str
    path: str
    line: bytes


class CompactionLife:
    """One life. ``wrong``: what was seen and must not be."""

    def __init__(
        self, seed: int, view: type[View] = View, form: Literal["parquet", "delta"] = "parquet"
    ) -> None:
        self.rng = Random(seed)
        self.form = form
        self.store = MemoryStore()
        self.view = view
        self.rows: dict[str, Written] = {}
        self.wrong: list[str] = []
        self.reads = self.kills = self.made = self.removed = 0
        self._pending = 0
        self._depth = 0
        self._count = 0
        self._last: View | None = None

    async def live(self) -> None:
        """All of it; at the end everything is compacted, and read."""
        for _ in range(ACTIONS):
            await self.act()
            await self.read()
            if self.wrong:
                return
        await self.compact(kill=False)
        await self.read()

    async def act(self) -> None:
        """One thing that happens."""
        kind = self.rng.random()
        if kind < 0.35:
            await self.write()
        elif kind < 0.75:
            await self.compact(kill=self.rng.random() < 0.6)
        elif kind < 0.85:
            await self.come_back()
        elif kind < 0.95:
            self.make_again()
        else:
            await self.read()

    # Writers ------------------------------------------------------------------------------------

    async def write(self) -> None:
        """Some rows to one day."""
        day = self.rng.choice(DAYS)
        lines = {}
        for _ in range(self.rng.randrange(1, 5)):
            self._count += 1
            half = self.rng.random() < 0.1 and self.form == "parquet"  # a table has one type
            value = f"{self._count}.5" if half else str(self._count)
            moment = f"2026-01-{day[-2:]}T12:00:00.{self.rng.randrange(10**6):06d}"
            id_ = f"{self._count:08x}"
            lines[f"{id_} 0 {float(value)}"] = f"{value},{id_},{moment},0\n".encode()
        path = await self.append(day, b"".join(lines.values()))
        self.rows |= {text: Written(day, path, line) for text, line in lines.items()}
        self._pending += 1

    async def append(self, day: str, data: bytes) -> str:
        """To the first part that takes it, as a pipeline does."""
        writer = self.rng.choice(("", "-00000000aa"))
        for number in range(99):
            path = f"{FOLDER}/{day}/data{writer}{f'_{number}' if number else ''}.csv"
            try:
                await self.store.create(path, content_type="text/csv")
                opened = await self.store.open(path, head=1)
                body = data if opened.length else HEADER + data
                await self.store.append(path, body, offset=opened.length)
            except BlobFull:
                continue
            return path
        raise AssertionError("no part takes it")

    async def come_back(self) -> None:
        """A spool sends rows again whose part was removed."""
        gone = [row for row in self.rows.values() if row.path not in self.store.blobs]
        if gone:
            day = self.rng.choice(gone).day
            lines = [row.line for row in gone if row.day == day][:3]
            await self.append(day, b"".join(lines))
            self._pending += 1

    def make_again(self) -> None:
        """A stranger deletes a part, all of whose rows are in files."""
        if not self._pending and self.store.blobs:
            self.store.delete(self.rng.choice(sorted(self.store.blobs)))

    # Compactors and readers ---------------------------------------------------------------------

    def step(self, at: int, happens: Step) -> Step:
        """Something happens at one of the requests."""
        count = 0

        async def step() -> None:
            nonlocal count
            count += 1
            if count == at:
                await happens()

        return step

    async def kill(self) -> None:
        """The process ends, or its connection does."""
        self.kills += 1
        raise Killed if self.rng.random() < 0.7 else OutcomeUnknown("ReadTimeout")

    async def meet(self) -> None:
        """Others work between two requests."""
        self._depth += 1
        for _ in range(self.rng.randrange(1, 4)):
            await self.rng.choice((self.write, self.write, self.compact, self.read))()
        self._depth -= 1

    async def compact(self, *, kill: bool = False) -> None:
        """A run, to its end or to a kill."""
        pending, self._pending = self._pending, 0
        happens = self.kill if kill else self.meet if self._depth < 2 else self._nothing
        view = self.view(self.store, self.step(self.rng.randrange(1, 28), happens))
        try:
            done = await aiocollect.acompact(
                view,  # type: ignore[arg-type]
                view,  # type: ignore[arg-type]
                until="0d",
                format=self.form,
                remove_after="1d" if self.rng.random() < 0.5 else None,
            )
        except (Killed, OutcomeUnknown, SnapshotGone):
            self._pending += pending
            return
        self.made += len(done.files)
        self.removed += len(done.removed)

    async def _nothing(self) -> None:
        pass

    async def read(self) -> None:
        """Compare what is read with what was written, before it or while it ran."""
        before = set(self.rows)
        happens = self.meet if self._depth < 2 else self._nothing
        view = self.view(self.store, self.step(self.rng.randrange(1, 20), happens))
        self.reads += 1
        try:
            dataset = await aiocollect.aread(
                view,  # type: ignore[arg-type]
                "m",
                version="1",
                streams="inputs",
            )
            table = await dataset.ato_arrow()
        except aiocollect.ConfigError:
            self._check([], before)
            return
        if not table.num_rows:
            self._check([], before)
            return
        columns = (table[name].to_pylist() for name in (ID, ROW, "value"))
        self._check([_text(*cells) for cells in zip(*columns, strict=True)], before)

    def _check(self, found: list[str], before: set[str]) -> None:
        if len(set(found)) < len(found):
            self.wrong.append(f"{len(found) - len(set(found))} rows are doubled")
        if lost := before - set(found):
            self.wrong.append(f"{len(lost)} rows are missing")
        if invented := set(found) - set(self.rows):
            self.wrong.append(f"{len(invented)} rows were never written")


def _text(id_: Any, row: Any, value: Any) -> str:
    """A row as the oracle has it; one that was cut in two has no value."""
    return f"{id_} {row} {value if value is None else float(value)}"


def life_of(
    seed: int, view: type[View] = View, form: Literal["parquet", "delta"] = "parquet"
) -> CompactionLife:
    """A life to its end, or to the first thing that is wrong with it."""
    life = CompactionLife(seed, view, form)

    async def main(loop: VirtualLoop) -> None:
        loop.set_default_executor(AtOnce())
        try:
            await life.live()
        except aiocollect.AioCollectError as error:
            life.wrong.append(f"{type(error).__name__}: {error}")

    run_virtual(main)
    return life


def live(seed: int) -> Outcome:
    """A life with all rules, of Parquet files."""
    life = life_of(seed)
    return Outcome(seed, rows=len(life.rows), problems=life.wrong)


def lived(name: str, view: type[View], form: Literal["parquet", "delta"], seeds: range) -> int:
    """Live them and tell; returns how many were wrong."""
    lives = [life_of(seed, view, form) for seed in seeds]
    wrong = [(seed, life.wrong[0]) for seed, life in zip(seeds, lives, strict=True) if life.wrong]
    sums = ", ".join(
        f"{sum(getattr(life, what) for life in lives):,} {what}"
        for what in ("reads", "kills", "made", "removed")
    )
    print(f"{form}, {name}: {len(wrong)} of {len(lives)} wrong; {sums}", flush=True)
    for seed, text in wrong[:5]:
        print(f"  seed {seed}: {text}", flush=True)
    return len(wrong)


def fails(name: str, view: type[View], form: Literal["parquet", "delta"], most: int) -> bool:
    """Whether a life goes wrong with a rule left out, the known one or another, and tell of it."""
    for seed in [SEEDS[form][name], *range(most)]:
        life = life_of(seed, view, form)
        if life.wrong:
            print(f"{form}, {name}: wrong in life {seed}: {life.wrong[0]}", flush=True)
            return True
    print(f"{form}, {name}: {most} lives, and none is wrong: the rule has no control", flush=True)
    return False


def main() -> int:
    """0 where no life was wrong, and with each rule left out some were."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.compactions")
    parser.add_argument("--lives", type=int, default=1000, help="of Parquet; a fifth of Delta")
    parser.add_argument("--controls", type=int, default=400, help="lives without a rule, at most")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    first = options.first
    failed = lived("all rules", View, "parquet", range(first, first + options.lives))
    failed += lived("all rules", View, "delta", range(first, first + options.lives // 5))
    if options.controls:
        for name, view in CONTROLS.items():
            failed += not fails(name, view, "parquet", options.controls)
            failed += not fails(name, view, "delta", options.controls)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
