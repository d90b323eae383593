"""examples/retrain.py: a model proves on which rows it was trained, however the store has grown;
and where it was not trained on them, that is found."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiocollect import Pipeline
from tests.support.external_servers import PACKAGE

EXAMPLE = Path(__file__).parents[2] / "examples" / "retrain.py"

pytestmark = pytest.mark.slow


async def collect(store: Path, *, seed: int, rows: int) -> None:
    """Some customers, and whether they left."""
    chance = random.Random(seed)
    async with Pipeline(store) as pipeline:
        inputs = pipeline.collector(
            "churn", identifier="inputs", feature_names={"age": float, "calls": int, "plan": str}
        )
        labels = pipeline.collector("churn", identifier="labels", feature_names={"churned": int})
        for number in range(rows):
            age, calls = chance.gauss(40, 12), chance.choice([None, *range(9)])
            cid = inputs.collect(
                [[age, calls, "free"]],
                at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=number),
            )
            if chance.random() < 0.8:
                left = int(age + 4 * (calls or 0) > 55 + chance.gauss(0, 3))
                labels.collect([[left]], correlation_id=cid)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLE, *arguments],
        env={"PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_model_proves_what_it_was_trained_on(tmp_path: Path) -> None:
    """To the byte, after the store has grown by as much again, in the same files."""
    store, model = tmp_path / "data", tmp_path / "model.json"
    asyncio.run(collect(store, seed=1, rows=300))
    trained = run("train", store, "churn", model)
    assert trained.returncode == 0, trained.stderr
    said = json.loads(model.read_bytes())
    assert said["features"] == ["age", "calls"]
    assert 150 < said["rows"] < 300
    asyncio.run(collect(store, seed=2, rows=300))
    proven = run("prove", store, model)
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert f"the same again, from the {said['rows']} rows" in proven.stdout

    model.write_text(model.read_text().replace(str(said["bias"]), str(said["bias"] + 1e-12)))
    refuted = run("prove", store, model)
    assert refuted.returncode == 1
    assert "is not what these rows give" in refuted.stderr
