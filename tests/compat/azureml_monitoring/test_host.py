"""The v1 drop-in never stands in the way of the scoring: switched off, in threads, beside Spark."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import flask
import numpy as np
import pandas as pd
import pytest

from aiocollect import Pipeline
from aiocollect._config.env import options_from_env
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.azureml_monitoring.files import rows


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
