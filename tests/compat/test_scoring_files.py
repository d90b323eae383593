"""The two scoring files of examples/, each run as a copy of its own, and read back with pandas."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiocollect

EXAMPLES = Path(__file__).parents[2] / "examples"
ID = "$aml_dc_correlation_id"


FILES = {"inputs": r"data\.csv", "predictions": r"data-[0-9a-f]{10}\.csv"}


def run(name: str, tmp_path: Path, **environ: str) -> tuple[Path, str]:
    """Run the example to its end; returns where it has recorded, and what it says on stderr."""
    shutil.copy(EXAMPLES / name, tmp_path)
    store = tmp_path / "store"
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("AIO", "AML", "AZ"))
    }
    ended = subprocess.run(
        [sys.executable, "-W", "error", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **kept,
            **environ,
            "AIOCOLLECT_STORE": f"file://{store}",
            "PYTHONPATH": str(Path(aiocollect.__file__).parents[1]),
        },
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == 100
    return store, ended.stderr


@pytest.mark.parametrize("boundary", ["day", "hour"])
def test_v1(boundary: str, tmp_path: Path) -> None:
    """All 200 rows of both streams in the documented folders, in order. The document does not
    correlate its predictions: they are in a file of the writer's own, which is said once."""
    store, said = run("azureml_v1_scoring.py", tmp_path, AML_MODEL_DC_BOUNDARY=boundary)
    assert len(said.splitlines()) == 1
    assert "rows without correlation columns go to files of this process only" in said
    depth = 3 if boundary == "day" else 4
    found: dict[str, Any] = {"inputs": None, "predictions": None}
    for path in sorted(store.rglob("*.csv")):
        where = path.relative_to(store).parts
        assert where[:6] == ("default", "default", "default", "default", "best_model", "default")
        assert len(where) == 8 + depth
        assert re.fullmatch(FILES[where[6]], path.name)
        # A run over midnight has two.
        found[where[6]] = pd.concat([found[where[6]], pd.read_csv(path)], ignore_index=True)
    inputs, predictions = found["inputs"], found["predictions"]
    assert len(inputs) == len(predictions) == 200
    assert inputs[ID].nunique() == 100
    features = [f"feat{number}" for number in range(1, 7)]
    assert list(inputs.columns[:6]) == features
    assert len(inputs.columns) == 6 + 8
    assert set(inputs["$aml_dc_boundary"]) == {1440 if boundary == "day" else 60}
    assert list(predictions.columns) == ["prediction1", "prediction2"]
    assert (predictions["prediction1"] == inputs[features].sum(axis=1)).all()
    assert (predictions["prediction2"] == inputs[features].max(axis=1)).all()


def test_v2(tmp_path: Path) -> None:
    """A record for each call, joined by their ids; the data as it was scored."""
    store, said = run("azureml_v2_scoring.py", tmp_path, AZUREML_MDC_ENABLED="true")
    assert said == ""
    found: dict[str, Any] = {"model_inputs": None, "model_outputs": None}
    for path in (store / "modelDataCollector/default/default").rglob("*.jsonl"):
        name = path.relative_to(store).parts[3]
        some = pd.DataFrame(map(json.loads, path.read_text().splitlines()))
        found[name] = pd.concat([found[name], some], ignore_index=True)
    inputs, outputs = found["model_inputs"], found["model_outputs"]
    assert len(inputs) == len(outputs) == inputs["correlationid"].nunique() == 100
    joined = inputs.merge(outputs, on="correlationid", validate="one_to_one")
    for given, predicted in zip(joined["data_x"], joined["data_y"], strict=True):
        assert [row["f1"] + row["f2"] for row in given] == [row["prediction"] for row in predicted]
