"""Scenarios of one fault each, with promises that lives full of everything cannot hold to.

``live(seed)`` runs one: the seed draws the scenario and all that happens in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiocollect import FlushTimeout, Limits, Retry
from aiocollect.encoders.csv import CsvEncoder
from aiocollect.testing import FaultKind, VirtualClock
from aiocollect.typing import Piece, Schema
from tests.support.virtual import choke

from .world import Result, World, run_scenario

__all__ = ["SCENARIOS", "live"]

# What aclose() may take beyond its time-out, in seconds: requests that do not mind their
# cancellation, and the store's own end (_delivery/senders.py, engine.py).
AFTER_THE_DEADLINE = 7.0


async def nobody_asks(world: World) -> None:
    """Rows find their way by themselves: nobody flushes, and no later call pushes them."""
    random = world.random
    pipeline = world.pipeline(linger=random.choice([0.05, 1.0]), max_batch_bytes=1024)
    async with pipeline:
        for _ in range(random.randint(1, 12)):
            for _ in range(random.randint(1, 30)):
                world.collect(pipeline, random.choice(["a", "b"]), random.randint(1, 3))
            if random.random() < 0.2:
                world.break_down(FaultKind.NOT_SENT, FaultKind.LOST_ANSWER)
            await asyncio.sleep(random.choice([0.0, 0.003, 0.1, 2.0]))
            world.heal()
        await asyncio.sleep(60)
        world.expect_all_stored("a minute after the last call")
        stats = pipeline.stats()
        world.expect(stats.stored == stats.accepted, f"a doubt is left where one may read: {stats}")


async def down_at_the_end(world: World) -> None:
    """With the store down, flush and close end when they were told to, and account for all."""
    random = world.random
    pipeline = world.pipeline(linger=0.1, max_batch_bytes=random.choice([1024, 65536]))
    await pipeline.start()
    for _ in range(random.randint(1, 5)):
        world.collect(pipeline, "a", random.randint(1, 200))
        await asyncio.sleep(random.choice([0.0, 0.5]))
    world.break_down()
    for _ in range(random.randint(1, 5)):
        world.collect(pipeline, random.choice(["a", "b"]), random.randint(1, 200))
        await asyncio.sleep(random.choice([0.0, 0.5]))
    timeout = random.choice([0.5, 3.0])
    began = world.loop.time()
    with suppress(FlushTimeout):
        report = await pipeline.flush(timeout)
        world.expect(report.complete, "flush() returned with rows that are not stored")
    took = world.loop.time() - began
    world.expect(took <= timeout + 1.5, f"flush({timeout}) took {took} s")
    began = world.loop.time()
    report = await pipeline.aclose(timeout)
    took = world.loop.time() - began
    world.expect(took <= timeout + AFTER_THE_DEADLINE, f"aclose({timeout}) took {took} s")
    ends = report.stored + report.possibly_stored + sum(report.dropped.values())
    world.expect(report.accepted == ends, f"not accounted for: {report}")
    world.expect(report.accepted == sum(map(len, world.accepted.values())), f"miscounted: {report}")
    present = sum(map(len, world.stored().values()))
    sure = report.stored <= present <= report.stored + report.possibly_stored
    world.expect(sure, f"counted as stored: {report.stored}, present: {present}")


async def back_before_the_end(world: World) -> None:
    """A store that comes back while the pipeline closes gets everything, in time."""
    random = world.random
    retry = Retry(base=30.0, cap=60.0, hold=60.0, attempt_timeout=1.0)
    pipeline = world.pipeline(linger=0.1, retry=retry)
    await pipeline.start()
    world.break_down(FaultKind.NOT_SENT, FaultKind.ERROR_APPLIED, FaultKind.CREDENTIAL)
    for _ in range(random.randint(1, 5)):
        world.collect(pipeline, random.choice(["a", "b"]), random.randint(1, 20))
        await asyncio.sleep(0.3)
    world.loop.call_later(random.choice([0.0, 0.5, 2.0]), world.heal)
    report = await pipeline.aclose(10)
    world.expect(report.complete, f"lost at a close with a store that is well: {report}")
    world.expect_all_stored("after the close")


async def full(world: World) -> None:
    """In an outage the memory stays within the budget; afterwards all that was accepted is there.
    Who waits for room and is cancelled is accepted then or never."""
    random = world.random
    budget = random.choice([40_000, 100_000])
    pipeline = world.pipeline(
        linger=0.05, max_batch_bytes=random.choice([1024, 8192]), max_memory_bytes=budget
    )
    collector = pipeline.collector("w", feature_names=["n"])
    await pipeline.start()
    world.break_down(FaultKind.NOT_SENT)
    refused = 0
    for _ in range(3000):
        refused += not world.collect(pipeline, "a", 1)
        if random.random() < 0.02:
            await asyncio.sleep(random.choice([0.0, 0.1, 1.0]))
    await asyncio.sleep(1)
    # No line of these is shorter: id, time, a digit or more, and what is between them.
    held = len(f"1,{'i' * 36},{'t' * 26},0\n") * len(world.accepted["a"])
    world.expect(held <= 1.25 * budget, f"over the budget: {held} bytes of {budget} are held")
    world.expect(refused > 0, "over the budget: no call was refused in an outage")
    if world.result.problems:
        return  # what is never refused cannot be filled
    await choke(collector)
    before = pipeline.stats().accepted
    waiting = [asyncio.ensure_future(collector.acollect([[-2 - n]])) for n in range(5)]
    await asyncio.sleep(0.01)
    world.expect(pipeline.stats().accepted == before, "accepted beyond the budget")
    for task in random.sample(waiting, 3):
        task.cancel()
    await asyncio.sleep(0.01)
    world.heal()
    await asyncio.wait(waiting)
    await pipeline.aclose(60)
    kept = sum(not task.cancelled() for task in waiting)
    accepted = pipeline.stats().accepted
    world.expect(accepted == before + kept, f"half: {accepted - before} accepted, {kept} told so")
    found = world.stored()
    world.expect(found["a"] == world.accepted["a"], "lost: rows accepted in the outage")


async def narrow(world: World) -> None:
    """A store that refuses large blocks gets small ones; only a row too large by itself ends as a
    dead letter, and holds up nobody."""
    random = world.random
    world.store.max_block_bytes = random.choice([400, 1000])
    pipeline = world.pipeline(linger=random.choice([0.05, 1.0]), max_batch_bytes=65536)
    giants = 0
    async with pipeline:
        collector = pipeline.collector("a", feature_names=["n"], identifier="giants")
        for _ in range(random.randint(1, 6)):
            world.collect(pipeline, "b", random.randint(1, 60))
            if random.random() < 0.5:
                collector.collect([["x" * 2000]])
                giants += 1
            await asyncio.sleep(random.choice([0.0, 0.3]))
        await asyncio.sleep(120)
        stats = pipeline.stats()
        dead = sum(stats.dead_lettered.values())
        world.expect(dead == giants, f"{dead} dead letters, {giants} rows are too large")
        world.expect(not stats.in_memory, f"stuck: {stats.in_memory} rows")
        world.expect_all_stored("in a store of small blocks")


async def dead_path(world: World) -> None:
    """A path whose requests hang takes the places of nobody else for long."""
    random = world.random
    retry = Retry(base=0.1, cap=1.0, attempt_timeout=3600.0, overdue=0.1)
    pipeline = world.pipeline(linger=0.05, max_in_flight=random.choice([1, 2]), retry=retry)
    await pipeline.start()
    world.break_down(FaultKind.HANG, path="/dead")
    names = ["dead1", "dead2", "dead3", "well"]
    for _ in range(random.randint(4, 10)):
        pipeline.collector(random.choice(names[:3]), feature_names=["n"]).collect([[0]])
        world.collect(pipeline, "well", 3)
        await asyncio.sleep(random.choice([0.0, 0.2]))
    await asyncio.sleep(30)
    world.expect_all_stored("though only other paths are dead")
    await pipeline.aclose(0.1)


class JumpingClock(VirtualClock):
    """A wall clock that somebody sets; the monotonic one goes on."""

    jump_ns = 0

    def time_ns(self) -> int:
        """Nanoseconds since 1970, as set."""
        return super().time_ns() + self.jump_ns


async def clock_set(world: World) -> None:
    """A wall clock that is set a day ahead or back lets no row wait, and none expire."""
    random = world.random
    clock = JumpingClock(world.loop)
    pipeline = world.pipeline(linger=0.5, delivery_timeout=30.0, clock=clock)
    await pipeline.start()
    for _ in range(random.randint(2, 6)):
        world.break_down(FaultKind.NOT_SENT)
        world.collect(pipeline, "a", 3)
        await asyncio.sleep(0.6)
        world.collect(pipeline, "a", 3)
        clock.jump_ns += random.choice([-1, 1]) * random.choice([3600, 86_400]) * 10**9
        await asyncio.sleep(2)
        world.heal()
        await asyncio.sleep(8)
        stats = pipeline.stats()
        world.expect(not stats.dropped, f"expired by the wall clock: {stats.dropped}")
        world.expect(not stats.in_memory, f"stuck: {stats.in_memory} rows")
    # Which day a row belongs to is the clock's word, so their order over files is not judged.
    found = sorted(world.stored()["a"])
    world.expect(found == world.accepted["a"], "lost or doubled: rows of a jumping clock")
    await pipeline.aclose()


class Picky(CsvEncoder):
    """Refuses runs that hold the number 13 in some thousand."""

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """As its base; raises for what it does not like."""
        if any(row[0] % 13 == 0 for piece in pieces for row in piece.rows):
            raise ValueError("a row that cannot be written")
        return super().encode(pieces, schema)


async def odd_rows(world: World) -> None:
    """A row that the encoder refuses becomes a dead letter by itself; its neighbours are stored."""
    random = world.random
    pipeline = world.pipeline(linger=0.1, format=Picky())
    async with pipeline:
        for _ in range(random.randint(1, 5)):
            world.collect(pipeline, "a", random.randint(1, 60))
            await asyncio.sleep(random.choice([0.0, 0.3]))
        await asyncio.sleep(10)
        odd = sum(n % 13 == 0 for n in world.accepted["a"])
        dead = sum(pipeline.stats().dead_lettered.values())
        world.expect(dead == odd, f"{dead} dead letters, {odd} rows cannot be written")
        sound = [n for n in world.accepted["a"] if n % 13]
        world.expect(
            world.stored()["a"] == sound, "lost: neighbours of a row that cannot be written"
        )


async def one_writer(world: World) -> None:
    """A writer alone keeps to its own limit of blocks, though the store would take more; so does
    the one that comes after it."""
    random = world.random
    limit = random.randint(1, 6)
    form = random.choice(["own", "shared"])
    for life in range(2):
        pipeline = world.pipeline(
            linger=0.05,
            limits=Limits(max_blocks=limit),
            writer=form,
            writer_id=f"00000000{life:02x}",
        )
        async with pipeline:
            for _ in range(random.randint(2, 20)):
                world.collect(pipeline, "a")
                if random.random() < 0.2:
                    world.break_down(FaultKind.LOST_ANSWER)
                await asyncio.sleep(random.choice([0.1, 0.3]))
                world.heal()
            await asyncio.sleep(30)
    found = sorted(world.stored()["a"])
    world.expect(found == world.accepted["a"], "lost or doubled: rows over many parts")
    blocks = {path: blob.blocks for path, blob in world.store._blobs.items()}
    world.expect(max(blocks.values()) <= limit, f"a part of too many blocks: {blocks}")


async def late_right(world: World) -> None:
    """A role that arrives after the first rows: they stand in a blob of the writer's own, and after
    a while the later ones in the shared one."""
    late = world.random.uniform(1, 300)
    world.store.readable = False
    pipeline = world.pipeline(linger=0.05)
    async with pipeline:
        for _ in range(25):
            world.collect(pipeline, "a", world.random.randint(1, 3))
            await asyncio.sleep(60)
            world.store.readable = world.loop.time() > late
        world.expect_all_stored("though the right to read came late", ordered=False)
        shared = [data for path, data in world.store.blobs.items() if path.endswith("/data.csv")]
        lines = sum(data.count(b"\n") for data in shared)
        world.expect(lines > 10, "a right that came is not used: its lane stays on its own")


async def cancelled_shutdown(world: World) -> None:
    """A host that cancels its own shutdown half-way, and waits again, loses nothing by it."""
    random = world.random
    world.store.latency = random.choice([0.02, 0.1, 0.5])
    pipeline = world.pipeline(linger=5.0, max_batch_bytes=1024)
    await pipeline.start()
    for _ in range(random.randint(1, 4)):
        world.collect(pipeline, random.choice(["a", "b"]), random.randint(1, 60))
        await asyncio.sleep(random.choice([0.0, 0.05]))
    for _ in range(random.randint(1, 3)):
        shutdown = asyncio.ensure_future(pipeline.aclose(30))
        await asyncio.sleep(random.choice([0.0, 0.01, 0.2]))
        shutdown.cancel()
        await asyncio.wait([shutdown])
    report = await pipeline.aclose(30)
    world.expect(report.complete, f"lost at a cancelled shutdown: {report}")
    world.expect_all_stored("after a cancelled shutdown")


SCENARIOS: list[Any] = [
    nobody_asks,
    down_at_the_end,
    back_before_the_end,
    full,
    narrow,
    dead_path,
    clock_set,
    odd_rows,
    one_writer,
    cancelled_shutdown,
    late_right,
]


def live(seed: int) -> Result:
    """Run the scenario of a seed."""
    scenario = SCENARIOS[seed % len(SCENARIOS)]
    result = run_scenario(scenario, seed)
    result.problems = [f"{scenario.__name__}: {problem}" for problem in result.problems]
    return result
