"""docs/reference/values.md says what happens."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> tuple[str, str]:
    """The committed page and the one that the script would write."""
    script: dict[str, Any] = runpy.run_path(str(DOCS / "reference" / "values.py"))
    return (DOCS / "reference" / "values.md").read_text(encoding="utf-8"), script["page"]()


def without_readers(page: str) -> list[list[str]]:
    """What was given and what was written, of each row of the tables."""
    return [line.split(" | ")[:2] for line in page.splitlines() if line.startswith("| ")]


def majors(page: str) -> list[str]:
    """The major versions of the libraries that the page names."""
    return re.findall(r"(?:pandas|polars|pyarrow) (\d+)\.", page.splitlines()[-1])


def test_the_page_says_what_is_written(pages: tuple[str, str]) -> None:
    """Which values are given, and how they stand in the files, whatever reads them."""
    committed, made = map(without_readers, pages)
    assert committed == made
    assert len(made) > 60


def test_the_page_says_what_is_read(pages: tuple[str, str]) -> None:
    """All of the page, where the libraries are those of its last line but for minor versions."""
    committed, made = pages
    installed = [library.__version__.split(".")[0] for library in (pd, pl, pa)]
    assert majors(made) == installed
    if majors(committed) != installed:
        pytest.skip("the page was made with other libraries")
    assert committed.splitlines()[:-1] == made.splitlines()[:-1]
