"""Which calls the native core copies, and which go the Python way; all are stored."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiocollect import MemoryStore, Pipeline, correlation
from aiocollect._native import core
from aiocollect.redaction import Mask

pytestmark = pytest.mark.skipif(core is None, reason="the native core is not built")

ROW = [0.5, 1.5, 2.5]
NOW = datetime(2018, 12, 31, 23, 59, 59, 123_456, tzinfo=UTC)
NAMED = {"a": 0.5, "b": 1, "c": "text"}
COPIED: dict[str, tuple[Any, dict[str, Any]]] = {
    "list": (ROW, {}),
    "tuple": (tuple(ROW), {}),
    "mixed": ([None, True, "text"], {}),
    "text of any script": (["\u00e9t\u00e9", "\u6f22\u5b57", "\U0001f600"], {}),
    "rows": ([ROW, ROW], {}),
    "one row in a list": ([ROW], {}),
    "mixed rows": ([[1, None, "text"], [2.5, False, "\u00e9"]], {}),
    "by name": (NAMED, {}),
    "by name, in another order": (dict(reversed(NAMED.items())), {}),
    "by name, one absent": ({"a": 0.5, "c": "text"}, {}),
    "rows by name": ([NAMED, {"c": "text"}], {}),
    "odd keys": ({np.str_(name): 0.5 for name in "abc"}, {}),
    "array": (np.array(ROW), {}),
    "table": (np.array([ROW, ROW]), {}),
    "strides": (np.array([ROW * 2, ROW * 2])[:, ::2], {}),
    "columns first": (np.asfortranarray([ROW, ROW]), {}),
    "foreign bytes": (np.array(ROW, dtype=">f4"), {}),
    **{f"table of {kind}": (np.ones((2, 3), dtype=kind), {}) for kind in "?bBhHiIlLqQefd"},
    "an id": (ROW, {"correlation_id": "loan-7"}),
    "an id of any script": (ROW, {"correlation_id": "\u00e9"}),
    "at, with a zone": (ROW, {"at": NOW}),
    "at, in a zone of its own": (ROW, {"at": NOW.astimezone(timezone(timedelta(hours=5)))}),
    "at, in a named zone": (ROW, {"at": NOW.astimezone(ZoneInfo("UTC"))}),
    "at, in seconds": (ROW, {"at": NOW.timestamp()}),
    "a late label": (ROW, {"row": 7, "correlation_id": "loan-7"}),
}
PYTHONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a date": ([0.5, date(2026, 1, 1), 1], {}),
    "a decimal": ([Decimal(1), 1, 1], {}),
    "numpy's own float": ([np.float64(0.5), 1, 1], {}),
    "a large integer": ([2**64, 1, 1], {}),
    "a cell that is a list": ([[1], [2], [3]], {"expect": None}),
    "half of a pair": (["\ud800", 1, 1], {}),
    "too few cells": ([0.5], {"expect": None}),
    "an unknown name": ({"a": 1, "b": 2, "d": 3}, {"expect": None}),
    "an id that is too long": (ROW, {"correlation_id": "x" * 257, "expect": None}),
    "no zone": (ROW, {"at": datetime(2026, 1, 1), "expect": None}),
    "an array of complex numbers": (np.ones(3, dtype="c16"), {"expect": None}),
    "rows beyond 32 bits": (ROW, {"row": 2**33}),
}


async def _copied(calls: dict[str, tuple[Any, dict[str, Any]]]) -> dict[str, int]:
    """How many of its calls the core has copied, by name; each is answered as it should be."""
    found = {}
    async with Pipeline(MemoryStore()) as pipeline:
        collector = pipeline.collector("m", feature_names=list("abc"))
        # What the first calls make: paths of both days, numpy, columns that have had text.
        texts = dict.fromkeys("abc", "text")
        for first in (ROW, texts, np.array(ROW)):
            collector.collect(first)
            collector.collect(first, at=NOW)
        await pipeline.flush()
        ring: Any = pipeline._engine.ring
        for name, (data, options) in calls.items():
            given, before = dict(options), ring.copied
            expect = given.pop("expect", ...)
            answer = collector.collect(data, **given)
            assert (answer is None) == (expect is None), name
            found[name] = ring.copied - before
    return found


def test_usual_calls_are_copied() -> None:
    """Whatever form their numbers and text come in, and whatever is given with them."""
    assert {name for name, copied in asyncio.run(_copied(COPIED)).items() if copied != 1} == set()


def test_other_calls_go_the_python_way() -> None:
    """What has methods of its own, is rare, or will be refused."""
    assert {name for name, copied in asyncio.run(_copied(PYTHONS)).items() if copied} == set()


def test_calls_of_models_and_columns_and_blocks_are_copied() -> None:
    """Several streams together, a stream of one column, under correlation() and with sampling."""

    async def main() -> list[int]:
        async with Pipeline(MemoryStore()) as pipeline:
            model = pipeline.model("m", version="1", inputs=["a", "b"], predictions=["p"])
            one = pipeline.collector("one", feature_names=["p"])
            some = pipeline.collector("some", feature_names=["a", "b"])
            model.collect(inputs=np.ones((1, 2)), predictions=np.ones(1))
            one.collect(np.ones(1))
            some.collect([1.0, 2.0])
            some.set(sample_rate=0.5)
            await pipeline.flush()
            ring: Any = pipeline._engine.ring
            copied: list[int] = []

            def count(call: Any, data: Any = None, **given: Any) -> None:
                before = ring.copied
                call(**given) if data is None else call(data, **given)
                copied.append(ring.copied - before)

            count(model.collect, inputs=[1.0, 2.0], predictions=0.5)
            count(model.collect, inputs=[[1.0, 2]] * 2, predictions=[0.5, 1])
            count(model.collect, inputs={"a": 1, "b": 2}, predictions={"p": 0.5})
            count(model.collect, inputs=np.ones((3, 2)), predictions=np.ones(3, dtype="f4"))
            count(one.collect, [1.0, 2, None])
            count(one.collect, np.arange(6)[::2])
            for block in (correlation(), correlation("loan-7"), correlation("\u00e9")):
                with block, correlation(carries_day=False):
                    count(one.collect, 0.5)
                    count(model.collect, inputs=[1.0, 2.0], predictions=[0.5])
                    count(one.collect, 0.5, correlation_id=block.id)
            before, out = ring.copied, pipeline.stats().sampled_out
            for _ in range(50):
                some.collect([1.0, 2.0])
            left = pipeline.stats().sampled_out - out
            copied.append(ring.copied - before - (50 - left) + 1)
            return copied

    assert asyncio.run(main()) == [1] * 16


def test_redacted_streams_go_the_python_way() -> None:
    """Rules are Python."""

    async def main() -> int:
        async with Pipeline(MemoryStore()) as pipeline:
            collector = pipeline.collector("m", feature_names=["a", "b"], redact=Mask("a"))
            for _ in range(3):
                collector.collect([1.0, 2.0])
                await pipeline.flush()
            ring: Any = pipeline._engine.ring
            copied: int = ring.copied
            return copied

    assert asyncio.run(main()) == 0
