"""On and off, sampling by id, pressure, and the settings file that operators write."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.events import Event, RateChanged, SettingsRejected
from aiocollect.settings_file import Control, Switch, read_control, write_control
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from aiocollect.typing import LOG_ROOT
from tests.support.virtual import choke, make_pipeline, small


def test_switched_off_it_does_nothing() -> None:
    """None, or the caller's id, at once; nothing is counted, no store is asked, no value read."""

    async def main(loop: VirtualLoop) -> None:
        asked: list[str] = []

        def faults(operation: Any, path: str) -> None:
            asked.append(path)

        pipeline = make_pipeline(MemoryStore(faults=faults), loop, enabled=False)
        collector = pipeline.collector("m", feature_names=["a"])
        model = pipeline.model("m", inputs=["a"])
        assert collector.collect(object()) is None
        assert collector.collect(1.0, correlation_id="loan-7") == "loan-7"
        assert await collector.acollect(1.0) is None
        assert model.collect(inputs=[1.0]) is None
        stats = pipeline.stats()
        assert (stats.accepted, stats.refused, stats.sampled_out) == (0, {}, 0)
        assert set(stats.sample_rates.values()) == {0.0}
        pipeline.set(enabled=True)
        collector.set(enabled=False)
        assert collector.collect(1.0) is None
        assert model.collect(inputs=[1.0]) is not None
        await pipeline.aclose()
        assert len({path for path in asked if not path.startswith(LOG_ROOT)}) == 1

    run_virtual(main)


def test_sampling_goes_by_the_id_alone() -> None:
    """Calls under one id are recorded together or not at all, over streams and processes, and the
    rows left out are counted."""

    async def main(loop: VirtualLoop) -> None:
        stores = [MemoryStore(), MemoryStore()]
        ids: list[str] = []
        for store in stores:
            pipeline = make_pipeline(store, loop, sample_rate=0.5)
            inputs = pipeline.collector("m", identifier="i", feature_names=["a"])
            outputs = pipeline.collector("m", identifier="o", feature_names=["p"], sample_rate=0.5)
            if not ids:
                ids = [str(inputs.collect([[1.0], [2.0]])) for _ in range(400)]
            else:
                assert [inputs.collect([[1.0], [2.0]], correlation_id=one) for one in ids] == ids
            for one in ids:
                assert outputs.collect([3.0], correlation_id=one) == one
            stats = pipeline.stats()
            assert stats.accepted + stats.sampled_out == 3 * 400
            assert stats.sample_rates == {"m/default/i": 0.5, "m/default/o": 0.25}
            await pipeline.aclose()
        found = [
            {
                path.split("/")[6]: {line.split(b",")[1].decode() for line in data.splitlines()[1:]}
                for path, data in store.blobs.items()
            }
            for store in stores
        ]
        assert found[0] == found[1]
        # The oracle: what the documented hash says.
        assert found[0]["i"] == {one for one in ids if crc32(one.encode()) < 2**31}
        assert found[0]["o"] == {one for one in ids if crc32(one.encode()) < 2**30}
        assert 150 < len(found[0]["i"]) < 250

    run_virtual(main)  # fmt: skip


def test_under_pressure_a_thinner_sample() -> None:
    """From the high-water mark down to the low one the rates are multiplied, and that is told."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop, pressure_sample_rate=0.25, hooks=[events.append])
        collector = pipeline.collector("m", feature_names=["a"])
        await choke(collector)
        assert pipeline.stats().sample_rates == {"m/default/default": 0.25}
        store.faults = None
        await pipeline.flush()
        assert pipeline.stats().sample_rates == {"m/default/default": 1.0}
        await pipeline.aclose()

    run_virtual(main)
    assert [e.rate for e in events if isinstance(e, RateChanged)] == [1.0, 0.25, 1.0]


def test_the_settings_file_is_watched(tmp_path: Path) -> None:
    """What operators write holds within seconds, and what cannot be understood changes nothing."""
    path = tmp_path / "settings.json"
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, settings_file=path, hooks=[events.append])
        churn = pipeline.collector("churn", version="10", feature_names=["a"])
        fraud = pipeline.collector("fraud", feature_names=["a"])
        await pipeline.start()

        async def rates() -> list[float]:
            await asyncio.sleep(2.5)
            return list(pipeline.stats().sample_rates.values())

        assert await rates() == [1.0, 1.0]
        write_control(path, Control(Switch(sample_rate=0.5), {"churn": Switch(enabled=False)}))
        assert await rates() == [0.0, 0.5]
        assert churn.collect(1.0) is None
        assert fraud.collect(1.0) is not None
        write_control(path, Control(Switch(), {"churn/10": Switch(sample_rate=0.25)}))
        assert await rates() == [0.25, 1.0]
        path.write_text('{"enabled": fals}')
        assert await rates() == [0.25, 1.0]
        path.write_text('{"enabld": false}')
        assert await rates() == [0.25, 1.0]
        path.unlink()
        assert await rates() == [1.0, 1.0]
        await pipeline.aclose()

    run_virtual(main)
    rejected = [event.reason for event in events if isinstance(event, SettingsRejected)]
    assert len(rejected) == 2
    assert "settings.json" in rejected[0]
    assert "unknown key enabld" in rejected[1]


def test_off_by_the_file_from_the_start(tmp_path: Path) -> None:
    """The file is read when the pipeline is made: not a row before the first look."""
    path = tmp_path / "settings.json"
    write_control(path, Control(Switch(enabled=False)))
    pipeline = Pipeline(MemoryStore(), settings_file=path)
    assert pipeline.collector("m").collect(1.0) is None
    assert pipeline.stats().accepted == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "one JSON object"),
        ('{"enabled": 1}', "enabled must be True or False"),
        ('{"sample_rate": 0}', "must be above 0"),
        ('{"collectors": []}', "collectors must be an object"),
        ('{"collectors": {"m": 7}}', "each collector must be an object"),
        ('{"rate": 1}', "unknown key rate"),
        ('{"log": false}', "log is not a key of this file"),
        ("{", "cannot be read"),
    ],
)
def test_bad_settings_files(tmp_path: Path, text: str, words: str) -> None:
    """Each error names the file and what is wrong in it."""
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_control(path)
    assert str(path) in str(caught.value)


def test_a_settings_file_reads_back(tmp_path: Path) -> None:
    """What is written is JSON that says everything."""
    path = tmp_path / "settings.json"
    control = Control(Switch(False, 0.5), {"m/1": Switch(True, 0.25)})
    write_control(path, control)
    assert read_control(path) == control
    assert json.loads(path.read_text())["collectors"]["m/1"]["sample_rate"] == 0.25
    assert control.switch_of("m/1/inputs") == Switch(False, 0.125)
    assert control.switch_of("m/11") == Switch(False, 0.5)
