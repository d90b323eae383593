"""Each fault of the proxy by itself, at a moment that is told: the first appends of a pipeline."""

from __future__ import annotations

import asyncio

import pytest

from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import ALL_FAULTS, Fault, FaultProxy

from .test_pipeline import Witness, make_pipeline
from .test_wire import name

pytestmark = pytest.mark.azurite


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ALL_FAULTS, ids=name)
async def test_rows_through_one_fault(
    fault: Fault, azurite: Emulator, container: str, proxy: FaultProxy
) -> None:
    """The first append, the one after it and a later one meet the fault: every row is stored once,
    none is given up."""
    witness, columns = Witness(), ["writer", "turn"]
    pipeline = make_pipeline(proxy.connection_string, container)
    collector = pipeline.collector("m", version="1", identifier="i", feature_names=columns)
    for turn in range(3):
        if turn != 1:
            proxy.script(*[fault] * (2 - turn // 2))
        rows = [[f"w{turn}", turn]] * 3
        accepted = collector.collect(rows)
        assert accepted is not None
        witness.accept("w", turn, accepted, columns, rows)
        await pipeline.flush(30)
    await proxy.release()
    report = await pipeline.aclose(30)
    assert report.complete, f"not complete: {report}"
    witness.judge(await asyncio.to_thread(blob_bytes, azurite.connection_string, container))
    assert sum(seen.fault == fault for seen in proxy.appends) == 3
