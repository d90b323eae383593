"""What one collect() costs, as ratios to asyncio.Queue.put_nowait of the same object.

Everything is on: freezing, id, scoring time, row index, the look at the context. Each round
measures every case once, in an order of its own, so that a machine that drifts drifts for all;
between rounds the pipeline stores what it has. The p50 is of bursts, each behind a call that wakes
the pump; the p99.9 is of calls that were timed one by one, without what the timer itself takes.
What azureml-ai-monitoring's own call costs beside ours is rival.py's.

A table is set beside two copies of the array: one that is dropped, so that it is written into the
same memory again, in the caches; and one that is kept, as collect() must keep its own.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter_ns
from typing import Any

from aiocollect import Pipeline
from aiocollect.testing import MemoryStore

from . import rival
from .measure import Figure, Size

__all__ = ["cases", "compare", "run"]

BURST = 64
SINGLE = 64
FLOATS = [0.1 * number for number in range(10)]
MIXED = [0.1, 7, "a text", 0.2, None, True, "another", 1.5, 2.5, 3]
# Of the p50, against put_nowait's.
GOALS = {
    "list of 10 floats": 0.5,
    "list with text": 0.7,
    "dict of 10 floats": 1.2,
    "numpy row of 10": 0.5,
    "Model.collect of two": 1.2,
    "switched off": 0.5,
}
TABLE = "numpy 1000 x 10"
COPY = "a copy of 1000 x 10"
KEPT_COPY = "a copy of 1000 x 10 that is kept"
# So many copies are kept, 2.5 MB; then the oldest one's memory is used again.
KEPT = 32

Case = Callable[[], object]


def cases(pipeline: Pipeline) -> dict[str, tuple[Case, Any]]:
    """What to measure: a call without arguments, and the object that the queue gets instead."""
    names = [f"f{number}" for number in range(10)]
    found: dict[str, tuple[Case, Any]] = {}

    def add(name: str, value: Any) -> None:
        collect = pipeline.collector(name, version="1", identifier="inputs").collect
        found[name] = (lambda: collect(value)), value

    add("list of 10 floats", FLOATS)
    add("list with text", MIXED)
    add("tuple of 10 floats", tuple(FLOATS))
    add("dict of 10 floats", dict(zip(names, FLOATS, strict=True)))
    numpy = _imported("numpy")
    if numpy is not None:
        add("numpy row of 10", numpy.array(FLOATS))
        table = numpy.array([FLOATS] * 1000)
        add(TABLE, table)
        found[COPY] = table.copy, table
        kept: deque[Any] = deque(maxlen=KEPT)
        found[KEPT_COPY] = (lambda: kept.append(table.copy())), table
    pandas = _imported("pandas")
    if pandas is not None:
        add("pandas frame 1 x 10", pandas.DataFrame([FLOATS], columns=names))
    off = pipeline.collector("off", version="1", identifier="inputs")
    off.set(enabled=False)
    found["switched off"] = (lambda: off.collect(FLOATS)), FLOATS
    both = pipeline.model("both", version="1", inputs=names, predictions=["p", "q"])
    answer = [0.25, 0.75]
    found["Model.collect of two"] = (
        (lambda: both.collect(inputs=FLOATS, predictions=answer)),
        FLOATS,
    )
    return found


def run(size: Size) -> list[Figure]:
    """The p50 of each case, and the p99.9 of the first, by put_nowait's; in passes one by one."""
    passes = [
        asyncio.run(compare(rounds=size.of(60, 2), seed=seed)) for seed in range(size.of(5, 1))
    ]
    names = [name for name in passes[0] if name not in ("put", COPY, KEPT_COPY)]
    p50 = [
        Figure(
            f"collect(), {name}", tuple(one[name]["p50"] for one in passes), goal=GOALS.get(name)
        )
        for name in names
    ]
    tails = tuple(one[names[0]]["p99.9"] for one in passes)
    tail = Figure(f"collect(), {names[0]}, p99.9", tails, goal=1.0)
    return [*p50, *_by_a_copy(passes), tail, *rival.run(size)]


def _by_a_copy(passes: list[dict[str, dict[str, float]]]) -> list[Figure]:
    if TABLE not in passes[0]:
        return []
    found = [
        tuple(one[TABLE]["p50_ns"] / one[copy]["p50_ns"] for one in passes)
        for copy in (COPY, KEPT_COPY)
    ]
    name = f"collect(), {TABLE}, by a copy of the array"
    return [Figure(name, found[0], goal=1.2), Figure(f"{name} that is kept", found[1], goal=1.2)]


async def compare(*, rounds: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Nanoseconds and ratios by case: ``p50``, ``p99.9``, and each beside put_nowait's."""
    order = random.Random(seed)
    async with Pipeline(MemoryStore(), linger=0.01) as pipeline:
        known = cases(pipeline)
        bursts: dict[str, list[float]] = {name: [] for name in ("nothing", "put", *known)}
        singles: dict[str, list[float]] = {name: [] for name in ("nothing", "put", *known)}
        queue: asyncio.Queue[Any] = asyncio.Queue()
        todo: dict[str, Case] = {name: case for name, (case, _) in known.items()}
        todo["put"] = lambda: queue.put_nowait(FLOATS)
        todo["nothing"] = lambda: None
        for number in range(rounds):
            names = list(todo)
            order.shuffle(names)
            for name in names:
                case = todo[name]
                few = 4 if "1000" in name else BURST
                case()
                took = _burst(case, few)
                alone = list(_singles(case, 4 if "1000" in name else SINGLE))
                if number >= rounds // 10:  # the first ones warm up
                    bursts[name].append(took)
                    singles[name] += alone
                queue = asyncio.Queue()
                await asyncio.sleep(0)
            await pipeline.flush()
        refused = pipeline.stats().refused
    assert not refused, f"a benchmark of refusals: {refused}"
    return {name: _figures(name, bursts, singles) for name in ("put", *known)}


def _burst(case: Case, number: int) -> float:
    span = range(number)
    before = perf_counter_ns()
    for _ in span:
        case()
    return (perf_counter_ns() - before) / number


def _singles(case: Case, number: int) -> Iterator[float]:
    for _ in range(number):
        before = perf_counter_ns()
        case()
        yield perf_counter_ns() - before


def _figures(
    name: str, bursts: dict[str, list[float]], singles: dict[str, list[float]]
) -> dict[str, float]:
    def p50(of: str) -> float:
        return statistics.median(bursts[of]) - statistics.median(bursts["nothing"])

    def tail(of: str) -> float:
        found = sorted(singles[of])
        return found[len(found) * 999 // 1000] - statistics.median(singles["nothing"])

    return {
        "p50_ns": p50(name),
        "p50": p50(name) / p50("put"),
        "p99.9_ns": tail(name),
        "p99.9": tail(name) / tail("put"),
    }


def _imported(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        return None
