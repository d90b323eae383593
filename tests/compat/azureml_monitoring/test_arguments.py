"""The v1 drop-in's arguments and places: what it refuses, and where its files go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiocollect import ConfigError, Pipeline
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.azureml_monitoring.files import ID, stored

# Arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"designation": "input"}, "'input' is not valid; use 'inputs', 'predictions', 'labels'"),
        ({"designation": None}, "use 'inputs'"),
        ({"designation": "inputs", "identifier": "raw"}, "set only one of them"),
        ({"identifier": ""}, "identifier must be text"),
        ({"feature_names": "abc"}, "not a single name"),
        ({"workspace": "ws"}, "<subscription>/<resource group>/<workspace>"),
        ({"model_name": ""}, "model must not be empty"),
        ({"model_name": 7}, "model must be text"),
        ({"collection_name": ""}, "collection_name must not be empty"),
        ({"file_names": "x"}, "use 'data' or 'designation'"),
        ({"config_map": "/nowhere/map.json"}, "config map /nowhere/map.json cannot be read"),
    ],
)
def test_wrong_arguments(given: dict[str, Any], match: str, pipeline: Pipeline) -> None:
    """Are told at once, with what is allowed; there is no half-built object."""
    with pytest.raises(ConfigError, match=match):
        ModelDataCollector(**{"model_name": "m", **given, "pipeline": pipeline})


@pytest.mark.parametrize(
    ("text", "match"), [("{", "is not valid JSON"), ("[]", "must be an object")]
)
def test_no_config_map(
    text: str, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """A file that is none is named, also by way of the variable."""
    path = tmp_path / "map.json"
    path.write_text(text)
    monkeypatch.setenv("AML_MODEL_CONFIG_MAP", str(path))
    with pytest.raises(ConfigError, match=rf"{path} {match}"):
        ModelDataCollector("m", pipeline=pipeline)


def test_versions_that_are_no_numbers(tmp_path: Path, pipeline: Pipeline) -> None:
    """The highest number wins, by its value, over any that is none."""
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"modelsInfo": {"m": {"9": {}, "10": {}, "beta": {}}}}))
    inputs = ModelDataCollector("m", "inputs", config_map=path, pipeline=pipeline)
    told = inputs.collect([1])
    assert told is not None
    assert told["$aml_model_version"] == "10"


def test_what_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    """The argument, else the config map or SERVICE_NAME, else the pipeline's own variables."""
    monkeypatch.setenv("AIOCOLLECT_WORKSPACE", "E/n/v")
    monkeypatch.setenv("AIOCOLLECT_SERVICE", "env")
    path = tmp_path / "map.json"
    account = {"subscriptionId": "M", "resourceGroupName": "a", "accountName": "p"}
    path.write_text(json.dumps({"accountContext": account}))
    found = []
    loan: Any = 0  # an id of the user's that is no text
    for given in ({}, {"config_map": path}, {"workspace": "x/y/Z", "webservice_name": "arg"}):
        inputs = ModelDataCollector("m", "inputs", **given, pipeline=pipeline)
        told = inputs.collect([1], loan)
        assert told is not None
        assert told[ID].startswith("0-")
        found.append((told["$aml_workspace"], told["$aml_service_name"]))
        monkeypatch.setenv("SERVICE_NAME", "svc")
    assert found == [("e/n/v", "env"), ("m/a/p", "svc"), ("x/y/z", "arg")]


def test_any_identifier(tmp_path: Path, pipeline: Pipeline) -> None:
    """The older keyword is free text: the words that mean something still do."""
    for identifier in ("raw", "inputs"):
        collector = ModelDataCollector(
            "m", identifier=identifier, feature_names=["a"], pipeline=pipeline
        )
        assert (collector.collect([1]) is not None) == (identifier == "inputs")
    pipeline.close()
    found = {path.split("/")[6]: len(rows[0]) for path, rows in stored(tmp_path).items()}
    assert found == {"raw": 1, "inputs": 9}


@pytest.mark.parametrize(
    ("designation", "collection", "file_names", "wanted"),
    [
        ("inputs", "default", None, "data.csv"),
        ("inputs", "mine", "designation", "inputs.csv"),
        ("general", "default", "designation", "default-<writer>.csv"),
        ("general", "default", None, "data-<writer>.csv"),
        ("signals", "mine", None, "mine-<writer>.csv"),
    ],
)
def test_file_names(
    designation: str,
    collection: str,
    file_names: str | None,
    wanted: str,
    tmp_path: Path,
    pipeline: Pipeline,
) -> None:
    """data.csv as documented, or as 0.1.0a21 wrote."""
    ModelDataCollector(
        "m",
        designation,
        ["a"],
        collection_name=collection,
        file_names=file_names,
        pipeline=pipeline,
    ).collect([1])
    pipeline.close()
    (path,) = stored(tmp_path)
    assert path.rpartition("/")[2] == wanted


# The host -----------------------------------------------------------------------------------------
