"""Processes under test, as users write them: ``python -m tests.chaos.worker KIND``.

The task is in CHAOS_TASK, as JSON (see Task). Everything that is given and told goes to the
journal first.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from aiocollect import Pipeline, Retry

from .journal import COLUMNS, Journal

__all__ = ["KINDS", "Producers", "Task", "main"]

STREAMS = ("one", "two")


class Task:
    """What the stage wants of this process."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = json.loads(os.environ["CHAOS_TASK"])
        self.name = self.options.get("name", "w")
        self.journal = Journal(self.options["journals"], self.name)

    def pipeline(self, **options: Any) -> Pipeline:
        """With short times, so that faults are met often."""
        given = {
            "workspace": "sub/group/space",
            "service": "svc",
            "linger": 0.1,
            "close_timeout": 10.0,
            "retry": Retry(base=0.02, cap=0.3, attempt_timeout=1.0, overdue=0.3),
            **options,
            **self.options.get("pipeline", {}),
        }
        if "spool" in self.options:
            given["spool"] = self.options["spool"]
        return Pipeline(
            self.options["connection_string"],
            container=self.options["container"],
            hooks=[self.journal.hook],
            **given,
        )


class Producers:
    """Give rows to the streams of a pipeline, and tell the journal."""

    def __init__(self, task: Task, pipeline: Pipeline) -> None:
        self._journal = task.journal
        self._receipts = "spool" in task.options
        self._waiting: list[tuple[str, int, Any]] = []
        # Any: a collector has receipts where there is a spool.
        self._streams: list[Any] = [
            pipeline.collector("m", version="1", identifier=identifier, feature_names=COLUMNS)
            for identifier in STREAMS
        ]

    def _stream(self, producer: str) -> Any:
        return self._streams[stream_of(producer)]

    def give(self, producer: str, turn: int, rows: int = 2, kind: str = "plain") -> str | None:
        """One call of collect()."""
        values = [cells_of(kind, producer, turn, index) for index in range(rows)]
        collector = self._stream(producer)
        self._journal.before(producer, turn, rows, kind)
        if self._receipts:
            receipt = collector.collect_receipt(values)
            told: str | None = None if receipt is None else receipt.correlation_id
            self._waiting.append((producer, turn, receipt))
        else:
            told = collector.collect(values)
        self._journal.after(producer, turn, told)
        self.look()
        return told

    def look(self) -> None:
        """Tell the journal whose receipts say that they are on the disk."""
        while self._waiting and (
            self._waiting[0][2] is None or getattr(self._waiting[0][2], "spooled", False)
        ):
            producer, turn, receipt = self._waiting.pop(0)
            if receipt is not None:
                self._journal.spooled(producer, turn)

    async def give_waiting(self, producer: str, turn: int, rows: int = 2) -> None:
        """One call of acollect()."""
        values = [cells_of("plain", producer, turn, index) for index in range(rows)]
        self._journal.before(producer, turn, rows, "plain")
        told = await self._stream(producer).acollect(values)
        self._journal.after(producer, turn, told)


def stream_of(producer: str) -> int:
    """Which of the streams a producer gives to: by the number at its end."""
    return int(producer.rsplit(".", 1)[1]) % len(STREAMS)


def path_of(producer: str) -> str:
    """The word in its paths."""
    return STREAMS[stream_of(producer)]


def cells_of(kind: str, producer: str, turn: int, index: int) -> tuple[Any, ...]:
    """The row that the auditor expects."""
    from .journal import cells

    return cells(kind, producer, turn, index)


async def _produce(task: Task, producers: Producers, number: int, *, pause: float) -> None:
    """Rows until it is cancelled."""
    producer, turn = f"{task.name}.{number}", 0
    while True:
        producers.give(producer, turn, rows=1 + turn % 5)
        turn += 1
        await asyncio.sleep(pause)


async def _load(task: Task, pipeline: Pipeline) -> list[asyncio.Task[None]]:
    producers = Producers(task, pipeline)
    pause = task.options.get("pause", 0.002)
    return [
        asyncio.create_task(_produce(task, producers, number, pause=pause))
        for number in range(task.options.get("producers", 8))
    ]


# asyncio.run with a signal-driven shutdown -------------------------------------------------


async def serve(task: Task) -> None:
    """As the documents of asyncio have it: a signal sets an event, and the block ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    pipeline = task.pipeline()
    async with pipeline:
        requests = await _load(task, pipeline)
        await stop.wait()
        # The requests in flight are not waited for: they meet a closing pipeline.
    task.journal.report(await pipeline.aclose())
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)


def run_serve(task: Task) -> None:
    """serve(), on the loop that is asked for."""
    with asyncio.Runner(loop_factory=_loop_factory(task)) as runner:
        runner.run(serve(task))


def _loop_factory(task: Task) -> Callable[[], asyncio.AbstractEventLoop]:
    if task.options.get("loop") == "uvloop":
        import uvloop

        factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return factory
    return asyncio.new_event_loop


# Ctrl-C, and again -------------------------------------------------


async def _forever(task: Task, pipeline: Pipeline) -> None:
    """Rows come from timers: an interrupt that strikes between asyncio's taking a task's wake-up
    and running it loses that, and asyncio.run() then waits for the task for ever (seen once in
    about 50 runs; no matter of ours)."""
    loop = asyncio.get_running_loop()
    producers = Producers(task, pipeline)

    def give(producer: str, turn: int) -> None:
        producers.give(producer, turn, rows=1 + turn % 5)
        loop.call_later(0.002, give, producer, turn + 1)

    async with pipeline:
        for number in range(8):
            give(f"{task.name}.{number}", 0)
        await asyncio.Event().wait()


def run_interrupted(task: Task) -> None:
    """No signal handler of one's own: KeyboardInterrupt, maybe again during the shutdown."""
    pipeline = task.pipeline()
    interrupted = False
    try:
        asyncio.run(_forever(task, pipeline))
    except KeyboardInterrupt:
        interrupted = True
    task.journal.report(pipeline.close(0))
    task.journal.note(interrupted=interrupted)


# A model that blocks the loop -------------------------------------------------


async def block(task: Task) -> None:
    """Between rows the loop stands still, longer than an attempt may take."""
    pipeline = task.pipeline()
    async with pipeline:
        requests = await _load(task, pipeline)
        for _ in range(task.options["blocks"]):
            await asyncio.sleep(0.3)
            time.sleep(task.options["seconds"])
        for request in requests:
            request.cancel()
    task.journal.report(await pipeline.aclose())
    stats = pipeline.stats()
    task.journal.note(unknown=stats.unknown, mismatches=stats.mismatches, appends=stats.appends)


def run_block(task: Task) -> None:
    """block(), on the loop that is asked for."""
    with asyncio.Runner(loop_factory=_loop_factory(task)) as runner:
        runner.run(block(task))


# A store that hangs, watched from the host's side -------------------------------------------------


async def watch(task: Task) -> None:
    """serve(), with a probe of the host: how long collect() takes, and how late the loop wakes."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pipeline = task.pipeline()
    calls: list[float] = []
    lags: list[float] = []
    async with pipeline:
        producers = Producers(task, pipeline)
        turn = 0
        while not stop.is_set():
            began = time.perf_counter()
            producers.give(f"{task.name}.0", turn, kind="long")
            between = time.perf_counter()
            await asyncio.sleep(0.002)
            calls.append(between - began)
            lags.append(time.perf_counter() - between - 0.002)
            turn += 1
    task.journal.report(await pipeline.aclose())
    calls.sort()
    lags.sort()
    high = int(len(calls) * 0.999)
    task.journal.note(
        collect_us_p50=round(1e6 * calls[len(calls) // 2]),
        collect_us_p999=round(1e6 * calls[high]),
        lag_ms_p50=round(1e3 * lags[len(lags) // 2], 2),
        lag_ms_p999=round(1e3 * lags[high], 2),
        lag_ms_max=round(1e3 * lags[-1], 2),
    )


def run_watch(task: Task) -> None:
    """watch(), on uvloop."""
    with asyncio.Runner(loop_factory=_loop_factory(task)) as runner:
        runner.run(watch(task))


# Rows that the service refuses ----------------------------------------


async def poison(task: Task) -> None:
    """Rows, of which every tenth is too large for this store."""
    pipeline = task.pipeline()
    async with pipeline:
        producers = Producers(task, pipeline)
        for turn in range(100):
            # What is refused is told behind the blocks before it: on one stream each.
            large = turn % 10 == 9
            producers.give(f"{task.name}.{turn % 2}", turn, kind="poison" if large else "plain")
            await asyncio.sleep(0.005)
    task.journal.report(await pipeline.aclose())


def run_poison(task: Task) -> None:
    """poison(), on asyncio's loop."""
    asyncio.run(poison(task))


KINDS: dict[str, Callable[[Task], None]] = {
    "serve": run_serve,
    "interrupted": run_interrupted,
    "block": run_block,
    "watch": run_watch,
    "poison": run_poison,
}


def main() -> None:
    """One process, one task."""
    KINDS[sys.argv[1]](Task())


if __name__ == "__main__":
    main()
