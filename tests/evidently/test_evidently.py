"""Evidently as the other opinion: on the index of categories, and on which columns have drifted."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline
from aiocollect.cli import main
from aiocollect.reading.profiles.drift import psi
from tests.support.external_servers import PACKAGE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-evidently" / "bin" / "python"
START = datetime(2026, 3, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.exists(), reason="Evidently is not installed: make evidently"),
]


def run(*command: Any, given: str = "") -> str:
    done = subprocess.run(
        [PYTHON, *command],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_the_index_of_categories_is_evidentlys() -> None:
    """With empty bins on either side, too."""
    chance = random.Random(3)
    pairs = []
    for _ in range(20):
        names = [f"c{number}" for number in range(chance.randrange(2, 9))]
        sides: list[dict[str, int]] = [
            {name: chance.choice([0, 1, 1]) * chance.randrange(1, 300) for name in names}
            for _ in range(2)
        ]
        for side in sides:
            side["always"] = 50
        pairs.append(sides)
    found = json.loads(run(HERE / "indexes.py", given=json.dumps(pairs)))
    for (now, then), index in zip(pairs, found, strict=True):
        # A category that is on no side is in no column.
        names = [name for name in now if now[name] or then[name]]
        ours = psi([now[name] for name in names], [then[name] for name in names])
        assert ours == pytest.approx(index, abs=1e-9)


async def two_weeks(store: Path) -> None:
    """In the second one the age has moved and a plan is new; the rest is as it was."""
    chance = random.Random(5)
    async with Pipeline(store) as pipeline:
        model = pipeline.model("churn", inputs=["age", "same", "plan"], predictions=["p"])
        for number in range(1400):
            late = number >= 700
            plans = ["free", "pro", *(["gold"] if late else [])]
            model.collect(
                inputs=[
                    [chance.gauss(48 if late else 40, 10), chance.gauss(0, 1), chance.choice(plans)]
                ],
                predictions=[[chance.random()]],
                at=START + timedelta(days=14) * (number / 1400),
            )


def test_both_see_the_same_columns_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """examples/drift_report.py, and aiocollect stats."""
    store, page = tmp_path / "data", tmp_path / "report.html"
    asyncio.run(two_weeks(store))
    spans = ("--since", "2026-03-08", "--until", "2026-03-15")
    said = run(
        ROOT / "examples" / "drift_report.py",
        *(store, "churn", page, *spans, "--baseline", "2026-03-01..2026-03-08"),
    )
    assert "2 columns of 4 have drifted" in said
    assert "<html" in page.read_text()[:2000]
    command = ["stats", "churn", "--json", "--store", str(store), *spans]
    assert main([*command, "--against", "2026-03-01..2026-03-08"]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert {one["column"] for one in columns if one["psi"] > 0.1} == {"age", "plan"}
