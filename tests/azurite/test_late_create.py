"""A creation that the network delivers late, when its blob already holds rows."""

from __future__ import annotations

import asyncio

import pytest

from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import Fault, FaultProxy, Kind

from .test_pipeline import Witness, make_pipeline

pytestmark = pytest.mark.azurite


@pytest.mark.asyncio
@pytest.mark.parametrize("writer", ["shared", "own"])
async def test_a_late_creation_empties_nothing(
    azurite: Emulator, container: str, proxy: FaultProxy, writer: str
) -> None:
    """A creation is given up, made again, and rows are stored; then the first one arrives."""
    witness, columns = Witness(), ["writer", "turn"]
    proxy.script(Fault(kind=Kind.ZOMBIE), match=lambda seen: seen.operation == "create")
    pipeline = make_pipeline(proxy.connection_string, container, writer=writer)
    collector = pipeline.collector("m", version="1", identifier="i", feature_names=columns)
    for turn in range(5):
        accepted = collector.collect([["w", turn]])
        assert accepted is not None
        witness.accept("w", turn, accepted, columns, [["w", turn]])
    await pipeline.flush(30)
    await proxy.release()
    assert [seen.forwarded for seen in proxy.of("create")][:2] == [True, True]
    accepted = collector.collect([["w", 5]])
    assert accepted is not None
    witness.accept("w", 5, accepted, columns, [["w", 5]])
    assert (await pipeline.aclose(30)).complete
    witness.judge(await asyncio.to_thread(blob_bytes, azurite.connection_string, container))
