"""A pipeline for the drop-in to write through, and no variable but what a test sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiocollect import Pipeline


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
