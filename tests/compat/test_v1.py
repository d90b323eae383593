"""The v1 drop-in beyond the original's bytes: what it refuses, where it is better, and that it
never stands in the way of the scoring."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import numpy as np
import pandas as pd
import pytest

from aiocollect import ConfigError, EncodeError, Pipeline
from aiocollect._config.env import options_from_env
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.cases import TIME, correlations

ID = "$aml_dc_correlation_id"


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test sets."""
    for name in os.environ:
        if name.startswith(("SERVICE_", "AML_", "AIOCOLLECT_")):
            monkeypatch.delenv(name)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path / "store", host="thread")
    yield made
    made.close()


def stored(tmp_path: Path) -> dict[str, list[list[str]]]:
    """The rows of each file, header first, by its path; a writer's own id as <writer>."""
    found = {}
    for path in sorted((tmp_path / "store").rglob("*.csv")):
        name = path.relative_to(tmp_path / "store").as_posix()
        with path.open(newline="", encoding="utf-8") as file:
            found[re.sub(r"-[0-9a-f]{10}\b", "-<writer>", name)] = list(csv.reader(file))
    return found


def rows(tmp_path: Path, width: int) -> list[list[str]]:
    """The first ``width`` cells of all rows of the one file."""
    (found,) = stored(tmp_path).values()
    return [row[:width] for row in found]


# Arguments --------------------------------------------------------------------------------------


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


# Shapes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [[0.5, 0.25, 1], [[0.5], [0.25], [1]], np.array([0.5, 0.25, 1.0])], ids=repr
)
@pytest.mark.parametrize("told", [True, False])
def test_one_name_means_a_column(
    value: Any, told: bool, tmp_path: Path, pipeline: Pipeline
) -> None:
    """Predictions of n rows are n rows, with correlations or without."""
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    if told:
        value = predictions.add_correlations(value, correlations())
    predictions.collect(value)
    pipeline.close()
    assert [float(row[0]) for row in rows(tmp_path, 1)[1:]] == [0.5, 0.25, 1]
    assert {len(row) for row in rows(tmp_path, 99)} == {9 if told else 1}


def test_a_list_of_lists_is_rows(tmp_path: Path, pipeline: Pipeline) -> None:
    """Not one row of lists in brackets; of tuples and of arrays, too."""
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    for value in ([[1, 2], [3, 4]], [(5, 6)], [np.array([7, 8])]):
        assert inputs.collect(value) is not None
    inputs.collect([9, [1, 2]])  # a cell may be a list still
    pipeline.close()
    wanted = [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "[1, 2]"]]
    assert rows(tmp_path, 2) == wanted


def test_other_columns_go_to_another_part(tmp_path: Path, pipeline: Pipeline) -> None:
    """A frame with other or reordered columns never stands under a header that is not its own."""
    inputs = ModelDataCollector("m", "inputs", pipeline=pipeline)
    for frame in (
        pd.DataFrame({"a": [1], "b": [2]}),
        pd.DataFrame({"b": [2], "a": [1]}),
        pd.DataFrame({"a": [3], "b": [4]}),
    ):
        inputs.collect(frame)
    pipeline.close()
    found = stored(tmp_path)
    assert [path.rpartition("/")[2] for path in found] == ["data.csv", "data_1.csv"]
    # Which comes first is a race of two lanes.
    assert sorted([row[:2] for row in rows] for rows in found.values()) == [
        [["a", "b"], ["1", "2"], ["3", "4"]],
        [["b", "a"], ["2", "1"]],
    ]


@pytest.mark.parametrize(
    ("value", "reason", "match"),
    [
        ([1, 2, 3], "shape", "a row of 3 cells does not fit the 2 feature_names"),
        ([[1, 2], [3]], "shape", "rows have from 1 to 2 cells"),
        ([{"a": 1}], "type", "pass a pandas DataFrame made from it"),
        ({"a": 1}, "type", "builtins.dict cannot be recorded; pass a list, a numpy array"),
        ("text", "type", "builtins.str cannot be recorded"),
        (np.zeros((1, 2, 3)), "shape", "an array of 3 dimensions"),
        (pd.DataFrame([correlations()]), "type", "raised ValueError"),
    ],
    ids=["width", "ragged", "dicts", "dict", "str", "cube", "twice"],
)
def test_unusable_data(
    value: Any,
    reason: str,
    match: str,
    pipeline: Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Is logged once, counted, and never raised; the correlations are there all the same."""
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    told = [inputs.collect(value) for _ in range(3)]
    assert all(one is not None and one[ID] for one in told)
    assert pipeline.stats().refused[reason] >= 3
    found = [record.getMessage() for record in caplog.records]
    assert len(found) == 1
    assert match in found[0]
    assert pipeline.close().accepted == 0


def test_strict(tmp_path: Path) -> None:
    """A strict pipeline raises what is wrong, and counts it once."""
    pipeline = Pipeline(tmp_path / "store", host="thread", strict=True)
    collector = ModelDataCollector("m", pipeline=pipeline)
    with pytest.raises(EncodeError, match="cannot be recorded"):
        collector.collect(None)
    assert pipeline.stats().refused == {"type": 1}
    pipeline.close()


@pytest.mark.parametrize("width", [1, 40_000, 120_000])
def test_large_tables(width: int, tmp_path: Path, pipeline: Pipeline) -> None:
    """What is too much for one call is several; every row once, in order."""
    count = 9_000 if width == 1 else 20
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    inputs.collect([[number, "x" * width] for number in range(count)])
    assert pipeline.close().stored == count
    found = rows(tmp_path, 3)[1:]
    assert [row[0] for row in found] == [str(number) for number in range(count)]
    assert len({row[2] for row in found}) == 1


class Hostile:
    """A cell whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("secret")


def test_cells_that_raise(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """What a cell's own methods raise stays outside of the scoring, and out of the log."""
    ModelDataCollector("m", "inputs", pipeline=pipeline).collect([Hostile()])
    assert pipeline.stats().refused == {"type": 1}
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_half_a_surrogate_pair(tmp_path: Path, pipeline: Pipeline) -> None:
    """Has no bytes in UTF-8: it becomes U+FFFD, where the original raised into the scoring."""
    ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline).collect(["x\ud800"])
    pipeline.close()
    assert rows(tmp_path, 1) == [["a"], ["x\ufffd"]]


# Routes -----------------------------------------------------------------------------------------


def test_times_of_every_look(
    tmp_path: Path, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """With a zone, as a datetime, without microseconds; what is no time is of the day of its
    collect(), with one warning."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    for number, moment in enumerate(
        ["2026-01-31T23:30:00-01:00", pd.Timestamp("2026-02-01T12:00:00"), "2026-02-01T00:00:00"]
    ):
        labels.collect(labels.add_correlations([number], correlations(**{TIME: moment})))
    for number in (7, 8):
        labels.collect(labels.add_correlations([number], correlations(**{TIME: "yesterday"})))
    pipeline.close()
    found = {path.split("/labels/")[1][:10]: rows for path, rows in stored(tmp_path).items()}
    assert [row[0] for row in found.pop("2026/02/01")] == ["y", "0", "1", "2"]
    ((_, today),) = found.items()
    assert [row[0] for row in today] == ["y", "7", "8"]
    assert len([one for one in caplog.records if "not an ISO 8601" in one.getMessage()]) == 1


def test_missing_cells_of_correlations(tmp_path: Path, pipeline: Pipeline) -> None:
    """A frame's row that does not say where it belongs belongs where the collector is."""
    frame = pd.DataFrame([correlations(), correlations()], index=[0, 1])
    frame.loc[1, ["$aml_workspace", "$aml_model_name", "$aml_model_version"]] = None
    frame.loc[1, "$aml_service_name"] = float("nan")
    ModelDataCollector("own", "labels", pipeline=pipeline).collect(frame)
    pipeline.close()
    assert [path.split("/labels/")[0] for path in stored(tmp_path)] == [
        "default/default/default/default/own/default",
        "sub/rg/ws/Svc/Best/10",
    ]


def test_whole_numbers_beside_fractions(tmp_path: Path, pipeline: Pipeline) -> None:
    """Stay whole numbers, in cells and in paths, where every column is a number."""
    frame = pd.DataFrame({"p": [0.5, 1.5], "n": [1, 2], "$aml_model_version": [3, 3]})
    ModelDataCollector("m", "labels", pipeline=pipeline).collect(frame)
    pipeline.close()
    ((path, found),) = stored(tmp_path).items()
    assert "/m/3/labels/" in path
    assert found[1:] == [["0.5", "1", "3"], ["1.5", "2", "3"]]


def test_places_are_bounded(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """Rows that each name another model cannot open streams without end."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    for number in range(80):
        told = correlations(**{"$aml_model_name": f"m{number}"})
        labels.collect(labels.add_correlations([number], told))
    assert pipeline.stats().refused == {"schema_overflow": 16}
    assert "more than 64 paths" in caplog.text
    assert pipeline.close().stored == 64


def test_a_place_that_makes_no_path(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """Is refused, naming what a workspace looks like."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    labels.collect(labels.add_correlations([1], correlations(**{"$aml_workspace": "../.."})))
    assert pipeline.stats().refused == {"layout": 1}
    assert "must have three parts" in caplog.text


def test_rows_without_an_id_are_of_one_writer(
    tmp_path: Path, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """Two processes could not tell them apart in one file; said once."""
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    for _ in range(3):
        predictions.collect([0.5])
    predictions.collect(predictions.add_correlations([0.5], correlations()))
    pipeline.close()
    names = {path.rpartition("/")[2]: len(rows) for path, rows in stored(tmp_path).items()}
    assert names == {"data-<writer>.csv": 4, "data.csv": 2}
    assert len([one for one in caplog.records if "of this process only" in one.getMessage()]) == 1


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    """Rows of equal features under ids of their own: each once, in one data.csv."""
    pipelines = [Pipeline(tmp_path / "store", host="thread") for _ in range(2)]
    collectors = [ModelDataCollector("m", "inputs", ["a"], pipeline=one) for one in pipelines]
    for _ in range(50):
        for inputs in collectors:
            inputs.collect([1])
    for pipeline in pipelines:
        pipeline.close()
    ((path, found),) = stored(tmp_path).items()
    assert path.endswith("/data.csv")
    assert len({row[1] for row in found[1:]}) == len(found) - 1 == 100


def test_sampled_together(tmp_path: Path) -> None:
    """Inputs and their predictions are recorded both or neither, also under a long id."""
    pipeline = Pipeline(tmp_path / "store", host="thread", sample_rate=0.4)
    inputs = ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline)
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    for number in range(200):
        told = inputs.collect([number], "x" * 300 if number % 2 else "")
        predictions.collect(predictions.add_correlations([number], told))
    pipeline.close()
    (a, b) = stored(tmp_path).values()
    assert [row[1] for row in a] == [row[1] for row in b]
    assert 30 < len(a) < 130


# The host ---------------------------------------------------------------------------------------


def test_off(tmp_path: Path) -> None:
    """Nothing is made, and nothing returned; correlations of None leave the data alone."""
    pipeline = Pipeline(tmp_path / "store", host="thread", enabled=False)
    inputs = ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline)
    assert [inputs.collect([1]), inputs.collect([1])] == [None, None]
    data = [0.5]
    assert inputs.add_correlations(data, None) is data
    assert not (tmp_path / "store").exists()
    pipeline.set(enabled=True)
    assert inputs.collect([1]) is not None
    assert pipeline.close().stored == 1


def test_debug(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Header and rows are shown, with collection off, too."""
    monkeypatch.setenv("AML_MODEL_DC_DEBUG", "True")
    pipeline = Pipeline(tmp_path / "store", host="thread", enabled=False)
    ModelDataCollector("m", feature_names=["a", "b"], pipeline=pipeline).collect([1, "x,y"])
    assert capsys.readouterr().out == 'a,b\r\n1,"x,y"\r\n'
    # And the pipeline does not say that the variable means nothing.
    options_from_env({"AIOCOLLECT_STORE": "/d", "AML_MODEL_DC_DEBUG": "true"})
    assert "is ignored" not in caplog.text


def test_the_request_id_of_the_server(pipeline: Pipeline) -> None:
    """From flask's environ, where a request is served."""
    inputs = ModelDataCollector("m", "inputs", pipeline=pipeline)
    app = flask.Flask("score")
    with app.test_request_context(environ_overrides={"REQUEST_ID": "r-7"}):
        served = inputs.collect([1])
    alone = inputs.collect([1])
    assert served is not None
    assert alone is not None
    assert served["$aml_request_id"] == "r-7"
    assert alone["$aml_request_id"] == "00000000-0000-0000-0000-000000000000"


class SparkFrame:
    """As far as a Spark DataFrame is looked at."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.toPandas = lambda: frame


SparkFrame.__module__ = "pyspark.sql.dataframe"


def test_spark(tmp_path: Path, pipeline: Pipeline) -> None:
    """By way of pandas."""
    inputs = ModelDataCollector("m", "inputs", pipeline=pipeline)
    inputs.collect(SparkFrame(pd.DataFrame({"a": [1, 2]})))
    pipeline.close()
    assert rows(tmp_path, 1) == [["a"], ["1"], ["2"]]


def test_read_before_it_returns(tmp_path: Path, pipeline: Pipeline) -> None:
    """What is done to the data afterwards is not recorded; the data is left as it was."""
    inputs = ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline)
    array, frame, some = np.array([[1]]), pd.DataFrame({"a": [1]}), [1]
    for value in (array, frame, some):
        inputs.collect(value)
    assert (array.shape, list(frame), some) == ((1, 1), ["a"], [1])
    array[0, 0] = frame.loc[0, "a"] = some[0] = 2
    pipeline.close()
    assert rows(tmp_path, 1) == [["a"], ["1"], ["1"], ["1"]]


def test_off_the_main_thread_and_no_signals(tmp_path: Path, pipeline: Pipeline) -> None:
    """Made and used on any thread; nobody's SIGTERM is touched."""
    before = signal.getsignal(signal.SIGTERM)
    told: list[Any] = []

    def score() -> None:
        told.append(ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline).collect([1]))

    thread = threading.Thread(target=score)
    thread.start()
    thread.join()
    assert told[0] is not None
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_package_is_imported(caplog: pytest.LogCaptureFixture) -> None:
    """Lists alone need neither numpy nor pandas; without a store nothing is recorded."""
    code = """
import sys
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from aiocollect._config.env import options_from_env
assert ModelDataCollector("m", "inputs", ["a"]).collect([1]) is None
import aiocollect.compat.azureml_ai_monitoring
print([name for name in ("numpy", "pandas", "flask", "azure", "requests") if name in sys.modules])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={}, cwd="."
    )
    assert ended.stdout.strip() == "[]"
    assert "AIOCOLLECT_STORE is not set" in ended.stderr
    assert logging.getLogger("aiocollect").level == logging.NOTSET
