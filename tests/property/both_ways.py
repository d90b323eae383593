"""Lives of a pipeline by a script, and another process that runs them the Python way.

``python -m tests.property.both_ways`` reads lives as pickles, and answers each with what became of
it, until its input ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, StrEnum
from typing import Any, NamedTuple

from aiocollect import AioCollectError, Limits, MemoryStore, Pipeline, correlation
from aiocollect.redaction import Mask
from aiocollect.testing import Seams, VirtualLoop, run_virtual

__all__ = ["BEGIN_NS", "Float", "Grade", "Life", "Name", "OtherWay", "lived"]

# A millisecond and a little before the end of an hour, of a day, and of a year.
BEGIN_NS = 1_546_300_799_998_500_123
OURS = "01681234-5678-8000-acaa-bbccddee0001"  # of a day in December 2018
MOMENTS = {
    "utc": datetime(2018, 12, 31, 23, 30, 1, 123_457, tzinfo=UTC),
    "zone": datetime(
        2019, 1, 1, 4, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=5, minutes=30))
    ),
    "naive": datetime(2018, 12, 31),
    "float": BEGIN_NS / 1e9 - 0.000_001,
    "whole": BEGIN_NS // 10**9,
    "before": -1.0,
    "beyond": 1e12,
    "not a number": float("nan"),
    "text": "yesterday",
}
IDS = (
    *("loan-7", "\u00e9t\u00e9", "\uff12\uff10\uff11\uff19-01-01", "x" * 256, "y" * 257, "", "12"),
    *("a\ud800b", OURS, 7),
)


class Float(float):
    """No float: it may have anything on it."""


class Grade(Enum):
    """Cells that are written as their values."""

    LOW = 1
    HIGH = 0.5
    MIXED = "text"


class Name(StrEnum):
    """Names of columns that are equal to text, and are none."""

    A = "a"
    B = "b"
    C = "c"


class Life(NamedTuple):
    """A script of steps, each a word and its value; and the options of the pipeline."""

    script: list[tuple[str, Any]]
    strict: bool = False
    named: bool = True
    when_full: Any = "shed_newest"
    sizes: tuple[int, int] = (1 << 20, 1 << 20)
    masked: bool = False
    format: Any = "csv"


class Hand:
    """A clock that is set by hand."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.now = BEGIN_NS
        self._loop = loop

    def time_ns(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self._loop.time()


async def _live(loop: VirtualLoop, life: Life) -> tuple[list[Any], dict[str, bytes]]:
    store, clock = MemoryStore(), Hand(loop)
    pipeline = Pipeline(
        store,
        _seams=Seams(clock=clock, chance=lambda: 0.5, writer_id="00000000aa"),
        linger=0.05,
        strict=life.strict,
        when_full=life.when_full,
        format=life.format,
        max_memory_bytes=4 * life.sizes[0],
        max_batch_bytes=life.sizes[0],
        limits=Limits(ring_slots=256, max_call_bytes=life.sizes[1]),
        layout="hour",
    )
    await pipeline.start()
    collector = pipeline.collector(
        "m",
        feature_names=list("abc") if life.named else None,
        redact=Mask("b") if life.masked and life.named else None,
    )
    other = pipeline.collector("other", feature_names=["p"])
    model = pipeline.model("both", version="1", inputs=list("abc"), predictions=["p"])
    told: list[Any] = []

    def collect(value: Any, into: Any = collector, **given: Any) -> None:
        try:
            told.append(into.collect(value, **given))
        except AioCollectError as error:
            told.append((type(error), str(error)))

    def together(value: Any, prediction: Any) -> None:
        try:
            told.append(model.collect(inputs=value, predictions=prediction))
        except AioCollectError as error:
            told.append((type(error), str(error)))

    for what, value in life.script:
        if what == "collect":
            collect(value)
        elif what == "other":
            collect(value, other)
        elif what == "together":
            together(*value)
        elif what == "many":
            for _ in range(value):
                collect([1.0, "many", None])
            collect([float(value)], other)
        elif what == "clock":
            clock.now += value
        elif what == "under":
            with correlation() as scoring:
                collect(value)
                together(value, 0.5)
                collect(value)
            told.append(scoring.id)
        elif what == "nested":
            outer, inner, value = value
            with correlation(outer or None), correlation(inner, carries_day=False):
                collect(value)
                collect(value, correlation_id=outer or None)
                collect(value, correlation_id="loan-7", row=3)
                collect(value)
        elif what == "named":
            collect(value[0], correlation_id=IDS[value[1]])
        elif what == "late":
            collect(value[0], correlation_id=OURS, row=value[1])
        elif what == "at":
            collect(value[0], at=MOMENTS[value[1]])
        elif what == "set":
            collector.set(enabled=value[0], sample_rate=value[1])
        elif what == "flush":
            await pipeline.flush()
        else:
            await pipeline.aclose()
        ring, stats = pipeline._engine.ring, pipeline.stats()
        told.append((stats.accepted, stats.refused, stats.sampled_out, ring.used, ring.reserved))
        told.append((len(ring), collector._recorder.account.used))
    await pipeline.aclose()
    return told, store.blobs


def lived(life: Life) -> tuple[list[Any], dict[str, bytes]]:
    """What was answered and counted at each step, and what is stored at the end."""
    return run_virtual(lambda loop: _live(loop, life))


class OtherWay:
    """A process without the native core, which lives the same lives."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"AIOCOLLECT_NATIVE": "0"},
        )

    def lived(self, life: Life) -> Any:
        """See lived()."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        pickle.dump(life, stdin)
        stdin.flush()
        return pickle.load(stdout)

    def end(self) -> None:
        """Let it end, and wait for it."""
        self._process.communicate(timeout=30)


def _serve() -> None:
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    while True:
        try:
            life = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(lived(life), answers)
        answers.flush()


if __name__ == "__main__":
    # Under its own name, by which the lives name its classes.
    from tests.property import both_ways

    both_ways._serve()
