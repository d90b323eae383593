"""What each stream does, as pipeline.streams() shows it."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from aiocollect import MemoryStore, correlation
from aiocollect.stats import StreamStats
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline


class Trouble:
    """Faults of one path, which the test switches."""

    def __init__(self) -> None:
        self.kind: FaultKind | None = None

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        ours = self.kind is not None and "/fraud/" in path
        return Fault(self.kind) if ours and self.kind else None


def by_stream(found: tuple[StreamStats, ...]) -> dict[str, StreamStats]:
    assert len({(one.path, one.part) for one in found}) == len(found)
    return {one.stream: one for one in found}


def test_each_stream_has_its_counts_and_its_state() -> None:
    """Rows that wait, rows on their way and rows that are stored, by stream."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(latency=1.0), loop, linger=5.0)
        churn = pipeline.model("churn", version="10", inputs=["a"], predictions=["p"])
        off = pipeline.collector("other", feature_names=["a"], sample_rate=0.25)
        assert pipeline.streams() == ()
        for cell in range(3):
            churn.collect(inputs=[[cell], [cell]], predictions=[[cell], [cell]])
        with correlation("an id that the sample has 3"):
            off.collect([1.0])
        await asyncio.sleep(1.0)
        found = by_stream(pipeline.streams())
        inputs = found["churn/10/inputs"]
        assert (inputs.waiting, inputs.stored, inputs.state) == (6, 0, "waiting")
        assert inputs.path == inputs.part
        assert inputs.path.startswith("default/default/default/default/churn/10/inputs/")
        assert inputs.oldest_age == pytest.approx(1.0, abs=0.01)
        assert found["churn/10/predictions"].sample_rate == 1.0
        assert (inputs.sample_rate, inputs.code, inputs.blocks) == (1.0, "", 0)
        await asyncio.sleep(4.5)
        assert by_stream(pipeline.streams())["churn/10/inputs"].state == "storing"
        await pipeline.flush()
        done = by_stream(pipeline.streams())["churn/10/inputs"]
        wanted = dataclasses.replace(
            inputs, waiting=0, stored=6, state="idle", oldest_age=None, blocks=1
        )
        assert done == wanted
        assert done.max_blocks == 49_000
        report = await pipeline.aclose()
        assert sum(one.stored for one in pipeline.streams()) == report.stored

    run_virtual(main)


def test_a_stream_that_is_held_says_why_and_the_others_go_on() -> None:
    """Its code, until it works again; while it is retried, another state."""
    trouble = Trouble()

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(latency=0.01, faults=trouble), loop, linger=0.1)
        good = pipeline.collector("churn", feature_names=["a"])
        bad = pipeline.collector("fraud", feature_names=["a"])
        trouble.kind = FaultKind.CREDENTIAL
        good.collect([1.0])
        bad.collect([1.0])
        await asyncio.sleep(3.0)
        bad.collect([2.0])
        await asyncio.sleep(1.0)
        found = by_stream(pipeline.streams())
        assert found["churn/default/default"].stored == 1
        held = found["fraud/default/default"]
        assert (held.state, held.stored, held.waiting) == ("held", 0, 2)
        assert held.code == pipeline.stats().held[held.part] != ""
        assert held.oldest_age == pytest.approx(4.0, abs=0.01)
        trouble.kind = FaultKind.BUSY
        await asyncio.sleep(60.0)
        assert by_stream(pipeline.streams())["fraud/default/default"].state == "retrying"
        trouble.kind = None
        await pipeline.flush()
        well = by_stream(pipeline.streams())["fraud/default/default"]
        assert (well.state, well.code, well.stored, well.waiting) == ("idle", "", 2, 0)
        await pipeline.aclose()

    run_virtual(main)


def test_streams_that_share_a_path_are_one() -> None:
    """Their names stand beside one another; the rate is that of the one that records most."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        layout = "all/{yyyy}/{MM}/{dd}/data.{extension}"
        for name in ("b", "a"):
            collector = pipeline.collector(name, feature_names=["x"], layout=layout)
            collector.collect([1.0])
        collector.set(enabled=False)
        await pipeline.flush()
        (one,) = pipeline.streams()
        assert one.stream == "a/default/default, b/default/default"
        assert (one.stored, one.sample_rate) == (2, 1.0)
        await pipeline.aclose()

    run_virtual(main)
