"""testing.md runs as it stands; servers.md and deploy/ name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aiocollect._config.env import options_from_env
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


@pytest.mark.parametrize(
    "name", ["docs/how-to/servers.md", "docs/reference/metrics.md", "deploy/Dockerfile"]
)
def test_files_that_are_named(name: str) -> None:
    """They are there."""
    named = set(
        re.findall(r"\b(?:docs|deploy|examples|tests)/[\w/.-]*\w", (ROOT / name).read_text())
    )
    assert named
    for path in named:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    "name", ["deploy/Dockerfile", "deploy/kubernetes.yaml", "docs/how-to/servers.md"]
)
def test_variables_that_are_named(name: str, tmp_path: Path) -> None:
    """A pipeline takes them. Only the store's value is made up: it is a secret there."""
    found = re.findall(
        r"\b(AIOCOLLECT_[A-Z_]+)(?:=|\n +value: )\"?([\w/]+)", (ROOT / name).read_text()
    )
    environ = {**dict(found), "AIOCOLLECT_STORE": str(tmp_path)}
    assert len(options_from_env(environ)) == len(environ)
    assert found or name == "docs/how-to/servers.md"


def test_what_is_not_run_says_so() -> None:
    """In its first line, where it can have one; and on the page."""
    for name in ("Dockerfile", "kubernetes.yaml"):
        assert (ROOT / "deploy" / name).read_text().startswith("# NOT RUN")
    page = " ".join((ROOT / "docs" / "how-to" / "servers.md").read_text().split())
    assert "**None of it was run**" in page


def test_the_role_is_the_least() -> None:
    """It reads and adds blobs, and can do nothing else with data, and nothing with the account."""
    role = json.loads((ROOT / "deploy" / "role.json").read_text())
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    assert sorted(role["DataActions"]) == [f"{blobs}/add/action", f"{blobs}/read"]
    assert role["Actions"] == []
