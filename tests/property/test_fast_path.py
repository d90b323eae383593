"""The fast path of collect() does what the way that defines it does, on any sequence of calls."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiocollect import AioCollectError, Limits, MemoryStore, Pipeline, correlation
from aiocollect._engine.fast_path import NEVER
from aiocollect._native import core
from aiocollect.redaction import Mask
from aiocollect.testing import Seams, VirtualLoop, run_virtual

# A millisecond and a little before the end of an hour, of a day, and of a year.
BEGIN_NS = 1_546_300_799_998_500_123
WIDTH = 3


class Float(float):
    """No float: it may have anything on it."""


class Grade(Enum):
    """Cells that are written as their values."""

    LOW = 1
    HIGH = 0.5
    MIXED = "text"


class Hand:
    """A clock that is set by hand."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.now = BEGIN_NS
        self.asked = 0
        self._loop = loop

    def time_ns(self) -> int:
        self.asked += 1
        return self.now

    def monotonic(self) -> float:
        return self._loop.time()


numbers = st.floats() | st.integers() | st.booleans() | st.none()
cells = (
    numbers
    | st.text(max_size=40)
    | st.builds(Float, st.floats())
    | st.binary(max_size=3)
    | st.lists(st.floats(), max_size=2)
    | st.just(object())
    | st.floats(width=32).map(np.float32)
)
finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.sampled_from(Grade)
floats = st.lists(st.floats(), min_size=WIDTH, max_size=WIDTH)
rows = (
    floats
    | floats.map(tuple)
    | floats.map(np.array)
    | st.lists(st.floats(width=32), min_size=3, max_size=3).map(
        lambda row: np.array(row, dtype="f4")
    )
    | floats.map(lambda row: np.array(row * 2)[::2])
    | floats.map(lambda row: np.array([row]))
    | floats.map(lambda row: dict(zip("abc", row, strict=True)))
    | floats.map(lambda row: [row, row])
    | st.lists(numbers | st.text(max_size=40), min_size=WIDTH, max_size=WIDTH)
    | st.lists(cells, max_size=WIDTH + 1)
    | st.lists(st.tuples(*[finite] * WIDTH).map(list), min_size=1, max_size=4)
    | st.lists(st.lists(finite, min_size=2, max_size=WIDTH), min_size=2, max_size=3)
    | st.lists(st.tuples(*[cells] * WIDTH), min_size=2, max_size=3)
    | st.just(["x" * 700] * WIDTH)
    | st.just(7.5)
)
nanoseconds = st.sampled_from(
    [
        *(0, 1, 400, 999, 1000, 1001, 700_000, 10**6, 255 * 10**6, 10**9, 3600 * 10**9),
        *(-1, -1000, -(10**6), -(10**9) - 1, -59 * 10**9, -61 * 10**9),
    ]
)
steps = st.one_of(
    st.tuples(st.just("collect"), rows),
    st.tuples(st.just("collect"), rows),
    st.tuples(st.just("many"), st.integers(1, 300)),
    st.tuples(st.just("clock"), nanoseconds),
    st.tuples(st.just("under"), rows),
    st.tuples(st.just("named"), rows),
    st.tuples(st.just("at"), rows),
    st.tuples(
        st.just("set"), st.sampled_from([(False, None), (True, None), (True, 0.5), (True, 1)])
    ),
    st.tuples(st.just("flush"), st.none()),
    st.tuples(st.just("close"), st.none()),
)


async def life(
    loop: VirtualLoop, script: list[tuple[str, Any]], fast: bool, options: dict[str, Any]
) -> tuple[list[Any], dict[str, bytes]]:
    """What was answered and counted at each step, and what is stored at the end."""
    store, clock = MemoryStore(), Hand(loop)
    named, redact = options.pop("named"), options.pop("redact")
    pipeline = Pipeline(
        store,
        _seams=Seams(clock=clock, chance=lambda: 0.5, writer_id="00000000aa"),
        linger=0.05,
        **options,
    )
    await pipeline.start()
    collector = pipeline.collector("m", feature_names=list("abc") if named else None, redact=redact)
    other = pipeline.collector("other")
    if not fast:
        collector._shape = other._shape = NEVER
        collector._stream.shape.writes = False
    told: list[Any] = []

    def collect(value: Any, into: Any = collector, **given: Any) -> None:
        try:
            told.append(into.collect(value, **given))
        except AioCollectError as error:
            told.append((type(error), str(error)))

    for what, value in script:
        if what == "collect":
            collect(value)
        elif what == "many":
            for _ in range(value):
                collect([1.0, "many", None])
            collect([float(value), 2.0], other)
        elif what == "clock":
            clock.now += value
        elif what == "under":
            with correlation() as scoring:
                collect(value)
                collect(value)
            told.append(scoring.id)
        elif what == "named":
            collect(value, correlation_id="loan-7")
        elif what == "at":
            collect(value, at=BEGIN_NS // 10**9)
        elif what == "set":
            collector.set(enabled=value[0], sample_rate=value[1])
        elif what == "flush":
            await pipeline.flush()
        else:
            await pipeline.aclose()
        ring = pipeline._engine.ring
        stats = pipeline.stats()
        told.append((stats.accepted, stats.refused, stats.sampled_out, ring.used, ring.reserved))
        told.append((len(ring), collector._recorder.account.used))
        # Whether it is closed the fast path finds out by the ring, after it has asked.
        # The native core asks before it knows whether the recorder has to ask again.
        told.append(clock.asked if core is None and not pipeline._engine.closed else None)
    await pipeline.aclose()
    return told, store.blobs


ROW = ("collect", [0.5, 1.5, 2.5])
PLAIN: dict[str, Any] = {
    "strict": False,
    "named": True,
    "when_full": "shed_newest",
    "sizes": (1 << 20, 1 << 20),
    "masked": False,
}


@example(script=[ROW, ("clock", -61 * 10**9), ROW, ROW], **PLAIN)
@example(script=[ROW, ("clock", -59 * 10**9), ROW, ROW], **PLAIN)
@example(script=[ROW, ("set", (True, 0.5)), *[ROW] * 8], **PLAIN)
@settings(max_examples=150, deadline=None)
@given(
    script=st.lists(steps, min_size=1, max_size=14),
    strict=st.booleans(),
    named=st.booleans(),
    when_full=st.sampled_from(["shed_newest", "raise", "shed_oldest"]),
    sizes=st.sampled_from([(65536, 2048), (1 << 20, 1 << 20)]),
    masked=st.booleans(),
)
def test_the_fast_path_is_the_slow_way(
    script: list[tuple[str, Any]],
    strict: bool,
    named: bool,
    when_full: str,
    sizes: tuple[int, int],
    masked: bool,
) -> None:
    """The same answers, ids, times, counts, charges and refusals at each step; the same bytes."""

    def run(fast: bool) -> tuple[list[Any], dict[str, bytes]]:
        options = {
            "strict": strict,
            "named": named,
            "when_full": when_full,
            "max_memory_bytes": 4 * sizes[0],
            "max_batch_bytes": sizes[0],
            "limits": Limits(ring_slots=256, max_call_bytes=sizes[1]),
            "redact": Mask("b") if masked and named else None,
        }
        return run_virtual(lambda loop: life(loop, script, fast, options))

    assert run(True) == run(False)
