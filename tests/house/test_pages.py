"""testing.md runs as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from testkit.emulator import MAIN, missing
from tests.house.examples import blocks
from tests.integrations.test_pytest_plugin import outcomes
from tests.integrations.test_pytest_plugin import user as user

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
SERVER = """
from fastapi import FastAPI

def make_app(pipeline):
    churn = pipeline.model("churn", inputs=["age", "plan"])
    app = FastAPI(lifespan=pipeline.lifespan)

    @app.post("/score")
    async def score(rows: list[list[float]]):
        return {"id": churn.collect(inputs=[[int(cell) for cell in row] for row in rows])}

    return app
"""


@pytest.mark.azurite
@pytest.mark.skipif(missing() != "", reason=missing())
def test_testing(user: pytest.Pytester) -> None:
    """Each example of the page is a test that passes."""
    examples = blocks("docs/how-to/testing.md")
    user.makepyfile(server=SERVER)
    user.makepyfile(**{f"test_{number}": code for number, code in enumerate(examples)})
    outcomes(user, "-o", f"aiocollect_azurite={MAIN}").assert_outcomes(passed=3)
