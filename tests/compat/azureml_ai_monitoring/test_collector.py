"""The v2 drop-in: one record per collect, as the original posts it and as monitoring reads it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from aiocollect import ConfigError, Pipeline
from aiocollect.compat.azureml_ai_monitoring import (
    BasicCorrelationContext,
    Collector,
    CorrelationContext,
)
from tests.compat.cases import RECORDS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "v2.json").read_text())
SOURCE = (
    "/subscriptions/S/resourceGroups/R/providers/Microsoft.MachineLearningServices/workspaces/W"
    "/onlineEndpoints/churn/deployments/blue"
)
# How the monitoring job finds files: azureml-assets, model_monitoring, by day and hour.
PATH = re.compile(
    r"modelDataCollector/churn/blue/(?P<name>[^/]+)/(?P<hour>\d{4}/\d\d/\d\d/\d\d)/[^/]+\.jsonl"
)
# Those of rows: the log lies beside them.
RECORDS_OF_ALL = "modelDataCollector/**/*.jsonl"
FRAME = pd.DataFrame({"a": [1.5]})
ALL = {"model_inputs": {"enabled": True}, "model_outputs": {"enabled": True}}

Records = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test sets."""
    for name in ("CONFIG_PATH", "ENABLED", "SAMPLE_RATE", "DEBUG", "LOCAL_CAPTURE", "HOST", "PORT"):
        monkeypatch.delenv(f"AZUREML_MDC_{name}", raising=False)
    monkeypatch.setenv("AZUREML_MDC_SOURCE", SOURCE)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path / "store", host="thread")
    yield made
    made.close()


def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **told: Any) -> None:
    """Write the config file, and say where it lies."""
    path = tmp_path / "mdc-config.json"
    path.write_text(json.dumps(told))
    monkeypatch.setenv("AZUREML_MDC_CONFIG_PATH", str(path))


def stored(tmp_path: Path) -> Records:
    """Each record: its collection and hour as its path has them, and itself."""
    found: Records = []
    for path in sorted((tmp_path / "store").rglob(RECORDS_OF_ALL)):
        where = PATH.fullmatch(path.relative_to(tmp_path / "store").as_posix())
        assert where is not None, path
        for line in path.read_bytes().decode().split("\n")[:-1]:
            found.append((where["name"], where["hour"], json.loads(line)))
    return found


# pandas announces that times will be text, not numbers: to whoever calls to_json() as the original.
@pytest.mark.filterwarnings("ignore:The default formatting of datetime")
def test_as_the_original_posts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """Data byte for byte, and each header under its name in the record."""
    monkeypatch.setenv("AZUREML_MDC_ENABLED", "true")
    assert GOLDEN["pandas"] == pd.__version__, "make the goldens anew"
    collector = Collector(name="model_inputs", pipeline=pipeline)
    for frame, told in RECORDS.values():
        context = BasicCorrelationContext(**told)
        assert collector.collect(frame, context) is context
    pipeline.close()
    lines = [
        line
        for path in (tmp_path / "store").rglob(RECORDS_OF_ALL)
        for line in path.read_text().splitlines()
    ]
    records = {json.loads(line)["correlationid"]: (line, json.loads(line)) for line in lines}
    assert len(records) == len(lines) == len(RECORDS)
    for name, post in GOLDEN["cases"].items():
        line, record = records[RECORDS[name][1]["id"]]
        body = post["body"]
        assert f',"data":{body},"contentrange":' in line
        headers = {
            header.removeprefix("ce-").replace("-", "").lower(): value
            for header, value in post["headers"].items()
            if header.startswith("ce-") and header != "ce-time"
        }
        assert headers.items() <= record.items()
        if "timestamp" in RECORDS[name][1]:
            moment = datetime.fromtimestamp(int(post["headers"]["ce-time"]), UTC)
            assert record["time"] == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert record["contentrange"] == f"bytes 0-{len(body) - 1}/{len(body)}"


def test_the_record_and_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """Exactly the documented keys, in their order, in the hour's folder of the context's time."""
    configure(tmp_path, monkeypatch, collections=ALL)
    context = BasicCorrelationContext(timestamp=1769903998)
    frame = pd.DataFrame({"f1": [1.5, 3], "f2": [2, 4]})
    Collector(name="model_inputs", pipeline=pipeline).collect(frame, context)
    pipeline.close()
    ((name, hour, record),) = stored(tmp_path)
    assert (name, hour) == ("model_inputs", "2026/01/31/23")
    assert str(uuid.UUID(record["id"])) == record["id"] != context.get_id()
    data = '[{"f1":1.5,"f2":2},{"f1":3.0,"f2":4}]'
    assert list(record.items()) == [
        ("specversion", "1.0"),
        ("id", record["id"]),
        ("source", SOURCE),
        ("type", "azureml.inference.model_inputs"),
        ("datacontenttype", "application/json"),
        ("time", "2026-01-31T23:59:58Z"),
        ("data", json.loads(data)),
        ("contentrange", f"bytes 0-{len(data) - 1}/{len(data)}"),
        ("correlationid", context.get_id()),
        ("xrequestid", context.get_id()),
        ("modelversion", "default"),
        ("collectdatatype", f"{pd.DataFrame.__module__}.DataFrame"),
        ("agent", "azureml-ai-monitoring/1.0.0"),
    ]


def test_never_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline) -> None:
    """A hundred calls under one context are a hundred records of one file, each with its id."""
    configure(tmp_path, monkeypatch, collections=ALL)
    collector = Collector(name="model_outputs", pipeline=pipeline)
    context = collector.collect(FRAME)
    for _ in range(99):
        assert collector.collect(FRAME, context) is context
    pipeline.close()
    records = stored(tmp_path)
    assert len({record["id"] for _, _, record in records}) == len(records) == 100
    assert {record["correlationid"] for _, _, record in records} == {context.get_id()}
    assert all(len(record["data"]) == 1 for _, _, record in records)


def test_a_forked_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers under one instance share its file, soundly: each record once."""
    configure(tmp_path, monkeypatch, collections=ALL)
    pipelines = [Pipeline(tmp_path / "store", host="thread") for _ in range(2)]
    collectors = [Collector(name="model_inputs", pipeline=one) for one in pipelines]
    context = BasicCorrelationContext()
    for _ in range(50):
        for collector in collectors:
            collector.collect(FRAME, context)
    for pipeline in pipelines:
        pipeline.close()
    assert len({record["id"] for _, _, record in stored(tmp_path)}) == 100
    assert len(list((tmp_path / "store").rglob(RECORDS_OF_ALL))) == 1


def test_read_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """What is done to the frame afterwards is not recorded."""
    configure(tmp_path, monkeypatch, collections=ALL)
    frame = pd.DataFrame({"a": [1]})
    Collector(name="model_inputs", pipeline=pipeline).collect(frame)
    frame["prediction"] = 0.5
    frame.loc[0, "a"] = 2
    pipeline.close()
    assert [record["data"] for _, _, record in stored(tmp_path)] == [[{"a": 1}]]


def test_sampled_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """Inputs and outputs of one request are recorded both or neither; the name's case is no
    matter, nor which of the two keys has the rate."""
    configure(
        tmp_path,
        monkeypatch,
        collections={
            "Model_Inputs": {"enabled": True, "sampleRatePercentage": 30},
            "model_outputs": {"enabled": True, "sampling_percentage": 30},
        },
    )
    inputs = Collector(name="model_inputs", pipeline=pipeline)
    outputs = Collector(name="Model_Outputs", pipeline=pipeline)
    for _ in range(400):
        outputs.collect(FRAME, inputs.collect(FRAME))
    pipeline.close()
    records = stored(tmp_path)
    by_name = {
        name: [record["correlationid"] for found, _, record in records if found == name]
        for name in ("model_inputs", "Model_Outputs")
    }
    assert by_name["model_inputs"] == by_name["Model_Outputs"]
    assert 60 < len(by_name["model_inputs"]) < 200  # 120, give or take six deviations
    assert pipeline.stats().sampled_out + len(records) == 800


@pytest.mark.parametrize(
    ("told", "name", "match"),
    [
        ({}, "model_inputs", "custom logging is not enabled"),
        ({"collections": {"request": {"enabled": True}}}, "request", "custom logging is not"),
        ({"collections": ALL}, "other", "enabled are model_inputs, model_outputs"),
        ({"collections": ALL}, "", "collection name is not provided"),
        ({"collections": []}, "model_inputs", "collections in AZUREML_MDC_CONFIG_PATH"),
        ({"collections": ALL, "runMode": "sea"}, "model_inputs", "'cloud' or 'local'"),
        (
            {"collections": {"a": {"enabled": True, "sampleRatePercentage": 101}}},
            "a",
            "a number from 0 to 100",
        ),
    ],
)
def test_what_is_wrong_goes_to_on_error(
    told: dict[str, Any],
    name: str,
    match: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pipeline: Pipeline,
) -> None:
    """Which by default raises it; a handler of the user's lets the scoring go on."""
    configure(tmp_path, monkeypatch, **told)
    with pytest.raises(ConfigError, match=match):
        Collector(name=name, pipeline=pipeline)
    errors: list[Exception] = []
    collector = Collector(name=name, on_error=errors.append, pipeline=pipeline)
    context = collector.collect(FRAME)
    assert isinstance(context, BasicCorrelationContext)
    assert match.split(" in ")[0] in str(errors[0])
    assert len(errors) == 2
    assert pipeline.stats().accepted == 0


def test_a_missing_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """The error names variable and file; so for what is no JSON."""
    path = tmp_path / "none.json"
    monkeypatch.setenv("AZUREML_MDC_CONFIG_PATH", str(path))
    with pytest.raises(ConfigError, match=r"AZUREML_MDC_CONFIG_PATH=.*none.json cannot be read"):
        Collector(name="model_inputs", pipeline=pipeline)
    path.write_text("{")
    with pytest.raises(ConfigError, match="is not valid JSON"):
        Collector(name="model_inputs", pipeline=pipeline)
    monkeypatch.delenv("AZUREML_MDC_CONFIG_PATH")
    monkeypatch.setenv("AZUREML_MDC_SOURCE", "churn/blue")
    monkeypatch.setenv("AZUREML_MDC_ENABLED", "true")
    with pytest.raises(ConfigError, match="not the ARM id"):
        Collector(name="model_inputs", pipeline=pipeline)


class Hostile(pd.DataFrame):  # type: ignore[misc]
    """A frame whose own method raises what the original's worker died of."""

    def to_json(self, *_: Any, **__: Any) -> str:
        raise ValueError("cell 42")


@pytest.mark.parametrize("strict", [False, True])
def test_an_unusable_frame(strict: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goes to on_error with its type, is counted, and the collector goes on."""
    configure(tmp_path, monkeypatch, collections=ALL)
    pipeline = Pipeline(tmp_path / "store", host="thread", strict=strict)
    with pytest.raises(TypeError, match=r"list.* pandas\.DataFrame"):
        Collector(name="model_inputs", pipeline=pipeline).collect([1])
    errors: list[Exception] = []
    collector = Collector(name="model_inputs", on_error=errors.append, pipeline=pipeline)
    for bad in ({"a": 1}, None, Hostile({"a": [1]}), pd.DataFrame([[1, 2]], columns=["a", "a"])):
        collector.collect(bad)
    assert [type(error) for error in errors] == [TypeError, TypeError, ValueError, ValueError]
    assert pipeline.stats().refused == {"type": 5}
    collector.collect(FRAME)
    assert pipeline.close().stored == 1


def test_refused_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """A record that is too large, an id that is no text, a closed pipeline."""
    configure(tmp_path, monkeypatch, collections=ALL)
    errors: list[Exception] = []
    collector = Collector(name="model_inputs", on_error=errors.append, pipeline=pipeline)
    collector.collect(pd.DataFrame({"a": ["x" * 2**21]}))

    class Odd(CorrelationContext):
        def get_id(self) -> Any:  # type: ignore[override]
            return 7

        def get_timestamp(self) -> int:
            return 1769903998

        def get_headers(self) -> dict[str, Any]:
            return {}

    collector.collect(FRAME, Odd())
    pipeline.close()
    collector.collect(FRAME)
    assert pipeline.stats().refused == {"too_large": 1, "id": 1, "closed": 1}
    assert all("was refused" in str(error) for error in errors)
    assert len(errors) == 3


def test_debug_and_local(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pipeline: Pipeline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With AZUREML_MDC_DEBUG the context tells; runMode local shows the data and stores nothing."""
    configure(tmp_path, monkeypatch, collections=ALL, runMode="local", captureHeaders=["x"])
    monkeypatch.setenv("AZUREML_MDC_DEBUG", "true")
    collector = Collector(name="model_inputs", pipeline=pipeline)
    context = BasicCorrelationContext(id="r", timestamp=1769903998)
    told = collector.collect(FRAME, context)
    assert (told.get_id(), told.is_success(), told.get_message()) == ("r", True, "accepted")
    assert told.get_timestamp() == 1769903998
    assert capsys.readouterr().out == '2026-01-31 23:59:58 | model_inputs | r | [{"a":1.5}]\n'
    assert pipeline.close().accepted == 0


def test_a_rate_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """None are recorded, and that is no error either."""
    monkeypatch.setenv("AZUREML_MDC_ENABLED", "true")
    monkeypatch.setenv("AZUREML_MDC_SAMPLE_RATE", "0")
    Collector(name="model_inputs", pipeline=pipeline).collect(FRAME)
    assert pipeline.close().accepted == 0


def test_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that is off records nothing, and that is no error."""
    configure(tmp_path, monkeypatch, collections=ALL)
    monkeypatch.setenv("AZUREML_MDC_DEBUG", "true")
    pipeline = Pipeline(tmp_path / "store", host="thread", enabled=False)
    told = Collector(name="model_inputs", pipeline=pipeline).collect(FRAME)
    assert (told.is_success(), told.get_message()) == (
        False,
        "not recorded: collection is switched off",
    )
    assert not (tmp_path / "store").exists()
