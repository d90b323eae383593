"""Options from the environment, ours and those of the collector before us."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline
from aiocollect.environment import options_from_env

KEY = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=x.net"


def test_every_option_by_its_name() -> None:
    """Converted; those of the store apart, since they go with its address."""
    assert options_from_env({
        "AIOCOLLECT_STORE": "azure://a/c",
        "AIOCOLLECT_WHEN_FULL": "shed_oldest",
        "AIOCOLLECT_SAMPLE_RATE": "0.25",
        "AIOCOLLECT_ENABLED": "false",
        "AIOCOLLECT_CA_FILE": "/ca.pem",
        "AIOCOLLECT_CREATE_CONTAINER": "false",
        "PATH": "/bin",
    }) == {
        "store": "azure://a/c",
        "when_full": "shed_oldest",
        "sample_rate": 0.25,
        "enabled": False,
        "store_options": {"ca_file": "/ca.pem", "create_container": False},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"AML_MODEL_DC_STORAGE": KEY}, {"store": KEY, "container": "modeldata"}),
        ({"AML_MODEL_DC_STORAGE": KEY, "AIOCOLLECT_STORE": "/d"}, {"store": "/d"}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "true"}, {"enabled": True}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "True"}, {"enabled": False}),
        ({"AML_MODEL_DC_STORAGE_ENABLED": "true", "AIOCOLLECT_ENABLED": "0"}, {"enabled": False}),
        ({"AML_MODEL_DC_BOUNDARY": "hour"}, {"layout": "hour"}),
        ({"AML_MODEL_DC_BOUNDARY": "day"}, {"layout": "day"}),
        ({"AML_MODEL_DC_FLUSH_INTERVAL_SECONDS": "5"}, {"linger": 5.0}),
    ],
)
def test_old_variables_are_honoured(environ: dict[str, str], wanted: dict[str, Any]) -> None:
    """They mean here what they meant there; ours win."""
    if "AML_MODEL_DC_STORAGE" not in environ:
        environ = {"AIOCOLLECT_STORE": "/d", **environ}
        wanted = {"store": "/d", **wanted}
    assert options_from_env(environ) == wanted


def test_what_has_no_meaning_here_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """By its name alone."""
    environ = {"AIOCOLLECT_STORE": "/d", "AML_MODEL_DC_EVENT_HUB": "Endpoint=sb://x;Key=c2VjcmV0"}
    with caplog.at_level(logging.WARNING, "aiocollect"):
        options_from_env(environ)
        options_from_env(environ)
    (record,) = caplog.records
    assert record.getMessage() == "AML_MODEL_DC_EVENT_HUB is ignored: it has no meaning here"


def test_a_pipeline_from_the_environment(tmp_path: Path) -> None:
    """All options fit the pipeline."""
    pipeline = Pipeline.from_env({
        "AIOCOLLECT_STORE": str(tmp_path),
        "AIOCOLLECT_LAYOUT": "{model}/{yyyy}{MM}{dd}/data.{extension}",
        "AIOCOLLECT_FORMAT": "jsonl",
        "AIOCOLLECT_COLUMNS": "aml",
        "AIOCOLLECT_WRITER": "own",
        "AIOCOLLECT_HOST": "thread",
        "AIOCOLLECT_DELIVERY_TIMEOUT": "60",
        "AIOCOLLECT_SETTINGS_FILE": str(tmp_path / "settings.json"),
        "AIOCOLLECT_DEAD_LETTERS": str(tmp_path / "dead.jsonl"),
        "AIOCOLLECT_PRESSURE_SAMPLE_RATE": "0.1",
    })  # fmt: skip
    assert pipeline.collector("m").collect([1.0]) is not None
    assert pipeline.close().complete
    assert [path.suffix for path in (tmp_path / "m").rglob("*.jsonl")] == [".jsonl"]
