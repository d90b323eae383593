"""Every allocation of collect() and of the drain fails once: nothing crashes, nothing is lost.

    python -m tests.native.no_memory            Python's allocations, and those of the core if it
                                                was built with failing.cpp (make sanitize)

Run as a process of its own. A call is in the ring as a whole, or not at all and counted; what the
drain could not take stays where it was. Ends with an AssertionError otherwise.
"""

from __future__ import annotations

import _testcapi
import ctypes
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from aiocollect import Limits, MemoryStore, Pipeline, correlation
from aiocollect._native import core
from aiocollect.testing import VirtualLoop, run_virtual

MOST = 120  # allocations of one call
ROOMY: Any = {"max_memory_bytes": 1 << 30, "limits": Limits(max_call_bytes=1 << 28)}


class Allocator(NamedTuple):
    """``fail(n)``: the n-th allocation from now on fails."""

    name: str
    fail: Callable[[int], None]
    heal: Callable[[], object]


def allocators() -> list[Allocator]:
    """Python's, and the core's own, where it lets us."""
    found = [
        Allocator("Python", lambda n: _testcapi.set_nomemory(n, n + 1), _testcapi.remove_mem_hooks)
    ]
    if core is not None:
        library = ctypes.PyDLL(core.__file__)
        with suppress(AttributeError):
            fail_after = library.fail_after
            fail_after.argtypes = [ctypes.c_long]
            found.append(Allocator("the core", fail_after, lambda: fail_after(-1)))
    return found


def calls(pipeline: Pipeline) -> dict[str, Callable[[], Any]]:
    """One of each kind that the native core takes, of streams whose columns are known."""
    numbers = pipeline.collector("numbers", feature_names=["a", "b"])
    words = pipeline.collector("words", feature_names=["a", "b"])
    model = pipeline.model("model", inputs=["a", "b"], predictions=["p"])
    table = np.arange(40_000.0).reshape(20_000, 2)  # larger than a chunk of the arena

    def scored() -> Any:
        with correlation("loan-7"):
            return numbers.collect([1.0, 2.0])

    return {
        "list": lambda: numbers.collect([1.0, 2.0]),
        "tuple": lambda: numbers.collect((1.0, 2)),
        "dict": lambda: numbers.collect({"a": 1.0, "b": None}),
        "text": lambda: words.collect(["some text", True]),
        "array": lambda: numbers.collect(table[:10]),
        "large array": lambda: numbers.collect(table),
        "id": lambda: numbers.collect([1.0, 2.0], correlation_id="an id of the caller's"),
        "time": lambda: numbers.collect([1.0, 2.0], at=1e9),
        "model": lambda: model.collect(inputs=[1.0, 2.0], predictions=[0.5]),
        "correlation": scored,
    }


def fail_each(call: Callable[[], Any], pipeline: Pipeline, allocator: Allocator) -> None:
    """Each allocation of a call fails once."""
    ring = pipeline._engine.ring
    accepted = 0
    for number in range(MOST):
        before, rows, used = pipeline.stats(), ring.rows, ring.used
        answer = error = None
        allocator.fail(number)
        try:
            answer = call()
        except MemoryError as raised:
            error = raised
        finally:
            allocator.heal()
        after = pipeline.stats()
        accepted = after.accepted - before.accepted
        assert ring.rows - rows == accepted
        assert (ring.used > used) == (accepted > 0)
        assert error is not None or (answer is not None) == (accepted > 0)
        assert not accepted or after.refused == before.refused
    assert accepted, f"a call needs more than {MOST} allocations"


def drain_each(pipeline: Pipeline, allocator: Allocator) -> int:
    """Each allocation of the drain fails once; how many rows it took in the end."""
    ring: Any = pipeline._engine.ring
    for number in range(100 * MOST):
        waiting, used = len(ring), ring.used
        allocator.fail(number)
        try:
            runs, asked = ring.drain(1 << 30, 1 << 40, number % 2 == 0)
        except MemoryError:
            assert (len(ring), ring.used) == (waiting, used)
            continue
        finally:
            allocator.heal()
        assert asked is None
        return sum(len(lines) for _, _, _, lines in runs)
    raise AssertionError("the drain never ends")


async def main(loop: VirtualLoop, allocator: Allocator) -> None:
    store = MemoryStore()
    pipeline = Pipeline(store, **ROOMY)
    await pipeline.start()
    kinds = calls(pipeline)
    for call in kinds.values():
        assert call() is not None
    await pipeline.flush()
    for call in kinds.values():
        fail_each(call, pipeline, allocator)
        await pipeline.flush()
    report = await pipeline.aclose()
    assert report.complete, report
    lines = sum(data.count(b"\n") - 1 for data in store.blobs.values())
    assert lines == report.accepted, (lines, report.accepted)


async def drained(loop: VirtualLoop, allocator: Allocator) -> None:
    """The rows of a few calls, which the core holds, leave it once."""
    pipeline = Pipeline(MemoryStore(), close_timeout=0.1, **ROOMY)
    await pipeline.start()
    kinds = calls(pipeline)
    for _ in range(2):
        for name in ("list", "text", "array", "model"):
            assert kinds[name]() is not None
        await pipeline.flush()
    ring = pipeline._engine.ring
    before = ring.rows
    for name in ("list", "text", "array", "large array"):
        assert kinds[name]() is not None
    wanted = ring.rows - before
    taken = drain_each(pipeline, allocator)
    assert taken == wanted, (taken, wanted)
    assert len(ring) == 0


if __name__ == "__main__":
    logging.disable()
    for one in allocators():
        run_virtual(partial(main, allocator=one))
        if core is not None:
            run_virtual(partial(drained, allocator=one))
        print(f"{one.name}: every allocation failed once")
