"""The recipes of docs/how-to/servers.md, as far as they can be tried without a server."""

from __future__ import annotations

import subprocess
import sys

from tests.house.examples import blocks
from tests.house.pages import ROOT


def recipe(begin: str) -> str:
    """The code block that begins so."""
    for block in blocks("docs/how-to/servers.md"):
        if block.startswith(begin):
            return block
    raise AssertionError(f"no recipe begins with {begin!r}")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


REFUSE = """
import logging.config
from aiocollect import MemoryStore, Pipeline
pipeline = Pipeline(MemoryStore(), host="thread")
logging.config.dictConfig(LOGGING)
pipeline.collector("m", feature_names=["a", "b"]).collect([1, 2, 3])
pipeline.close()
"""


def test_a_log_configured_after_us_speaks() -> None:
    """As the recipe has it; and without its line it is mute, or the recipe would be for nothing."""
    config = recipe("LOGGING = {")
    assert "refused rows of m" in run(config + REFUSE)
    mute = config.replace('    "disable_existing_loggers": False,\n', "")
    assert "refused rows of m" not in run(mute + REFUSE)


def test_a_lifespan_with_handlers_of_ones_own() -> None:
    """They run around the pipeline, which is open between them."""
    code = (
        "from contextlib import asynccontextmanager\n"
        "from starlette.applications import Starlette\n"
        "from starlette.testclient import TestClient\n"
        "from aiocollect import MemoryStore, Pipeline\n"
        "pipeline = Pipeline(MemoryStore())\n"
        "load_model = lambda: print('loaded')\n"
        "unload_model = lambda: print('unloaded', pipeline.stats().stored)\n"
        + recipe("@asynccontextmanager")
        + "with TestClient(Starlette(lifespan=lifespan)) as client:\n"
        "    client.portal.call(pipeline.collector('m').acollect, [1.0])\n"
    )
    assert run(code).split() == ["loaded", "unloaded", "1"]
