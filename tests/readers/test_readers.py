"""The recipes of docs/reference/readers.md read every cell right, with the libraries at hand; and
the page is what its results and its recipes make."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest

import aiocollect

from . import known
from .cells import tagged
from .judged import judge
from .page import PAGE, page

HERE = ("pandas", "pyarrow", "polars")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The rows in each form."""
    return asyncio.run(known.write(tmp_path_factory.mktemp("readers")))


def told(rows: Any) -> list[dict[str, list[str]]]:
    return [{name: tagged(cell) for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "delta"])
@pytest.mark.parametrize("library", HERE)
def test_recipes(files: dict[str, list[str]], library: str, form: str) -> None:
    """Where there is no recipe, the first call."""
    if form == "delta":
        pytest.importorskip("deltalake")
    module = importlib.import_module(f"tests.readers.ways.with_{library}")
    way = getattr(module, f"{form}_recipe", None) or getattr(module, f"{form}_first")
    found = way(files[form])
    rows = {
        "pandas": lambda: importlib.import_module("tests.readers.ways.with_pandas").rows_of(found),
        "pyarrow": lambda: found.to_pylist(),
        "polars": lambda: found.to_dicts(),
    }[library]()
    assert judge(told(rows)) == {}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "delta"])
def test_our_own(files: dict[str, list[str]], form: str) -> None:
    """aiocollect.read() has every cell right in all forms."""
    root = Path(files[form][0])
    root = root.parents[[path.name for path in root.parents].index(form)]
    store = root if form == "jsonl" else root.with_name("csv")
    # In JSON moments are text, and the log of these rows' days has no types of them.
    schema = {"at": "timestamp[us, UTC]", "day": "date32"} if form == "jsonl" else None
    compacted = str(root) if form in ("parquet", "delta") else None
    dataset = aiocollect.read(str(store), "m", streams="inputs", compacted=compacted, schema=schema)
    assert judge(told(dataset.to_arrow().to_pylist())) == {}


def test_the_judge_can_refuse(files: dict[str, list[str]]) -> None:
    """The first call of pandas changes cells of four kinds, and is told so."""
    module = importlib.import_module("tests.readers.ways.with_pandas")
    verdict = judge(told(module.rows_of(module.csv_first(files["csv"]))))
    assert isinstance(verdict, dict)
    assert {"text", "count", "price", "$aml_dc_correlation_id"} <= verdict.keys()


def test_the_page_is_current() -> None:
    """It is made of the results and of the recipes as they stand (make readers)."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make readers"
