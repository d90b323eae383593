"""What adapters need of a pipeline: places of their own, to know what is off, one account."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiocollect import ConfigError, EncodeError, Pipeline
from aiocollect.events import Event, Refused


def test_a_workspace_and_service_of_ones_own(tmp_path: Path) -> None:
    """A collector's stand in its path instead of the pipeline's."""
    pipeline = Pipeline(tmp_path, host="thread", workspace="a/b/c", service="s")
    pipeline.collector("m").collect(1.0)
    pipeline.collector("m", workspace="D/e/f", service="t").collect(1.0)
    with pytest.raises(ConfigError, match="three parts"):
        pipeline.collector("m", workspace="one")
    pipeline.close()
    found = {path.relative_to(tmp_path).parts[:5] for path in tmp_path.rglob("*.csv")}
    assert found == {("a", "b", "c", "s", "m"), ("d", "e", "f", "t", "m")}


def test_enabled(tmp_path: Path) -> None:
    """On is what pipeline and collector both switch on."""
    pipeline = Pipeline(tmp_path, host="thread")
    collector = pipeline.collector("m", sample_rate=0.001)
    assert collector.enabled
    collector.set(enabled=False)
    assert not collector.enabled
    collector.set(enabled=True)
    pipeline.set(enabled=False)
    assert not collector.enabled
    pipeline.close()


@pytest.mark.parametrize("strict", [False, True])
def test_refuse(strict: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Counted by reason, told to the hooks, logged once; raised where the pipeline is strict."""
    seen: list[Event] = []
    pipeline = Pipeline(tmp_path, host="thread", hooks=[seen.append], strict=strict)
    error = EncodeError("no table", reason="shape")
    for _ in range(3):
        if strict:
            with pytest.raises(EncodeError, match="no table"):
                pipeline.refuse(error, stream="m/1/inputs", rows=5)
        else:
            pipeline.refuse(error, stream="m/1/inputs", rows=5)
    assert pipeline.stats().refused == {"shape": 15}
    assert seen == [Refused(stream="m/1/inputs", rows=5, reason="shape", error=error)] * 3
    assert len(caplog.records) == 1
    pipeline.close()
