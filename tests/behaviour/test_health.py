"""What says whether rows find their way: health, the report, and reasons that exist before use."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

import aiocollect
from aiocollect import MemoryStore
from aiocollect.stats import DEAD_LETTERED, DROPPED, REFUSED
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

PACKAGE = Path(aiocollect.__file__).parent


def test_not_healthy_while_every_call_is_refused() -> None:
    """From the first refused call to the next accepted one, or until nobody has called for long;
    and the refused rows stand in the report."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1)
        collector = pipeline.collector("m", feature_names=["a", "b"])
        assert pipeline.healthy()
        for _ in range(3):
            assert collector.collect([1.0, 2.0, 3.0]) is None
        assert not pipeline.healthy()
        assert collector.collect([1.0, 2.0]) is not None
        await asyncio.sleep(1)
        assert pipeline.healthy()
        assert collector.collect([[1.0], [2.0]]) is None
        assert not pipeline.healthy()
        await asyncio.sleep(31)
        assert pipeline.healthy()
        assert pipeline.healthy(max_age=20)
        assert not pipeline.healthy(max_age=40)
        report = await pipeline.flush()
        assert report.refused == {"shape": 5}
        assert report.complete
        assert (await pipeline.aclose()).refused == {"shape": 5}

    run_virtual(main)


@pytest.mark.slow
def test_every_reason_of_ours_is_known_before_its_first_row() -> None:
    """Whoever exports the counts begins each series at 0: no reason in the code is left out."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "EncodeError":
                reasons = [word.value for word in node.keywords if word.arg == "reason"]
                found |= {str(one.value) for one in reasons if isinstance(one, ast.Constant)}
    assert {"shape", "time", "too_large"} <= found
    assert found <= set(REFUSED)
    assert len(set(REFUSED)) == len(REFUSED)
    assert {"closed", "shed_oldest", "delivery_timeout"} <= set(DROPPED)
    assert {"encode", "layout"} <= set(DEAD_LETTERED)
