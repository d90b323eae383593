"""Makes docs/reference/readers.md of the results and of the recipes as they stand in the code."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from . import known
from .judged import LIBRARIES, RESULTS, ROOT

__all__ = ["PAGE", "page"]

PAGE: Final = ROOT / "docs/reference/readers.md"
_WAYS: Final = Path(__file__).parent / "ways"
_FORMS: Final = {
    "csv": "CSV",
    "blob": "CSV, append blobs",
    "jsonl": "JSON Lines",
    "parquet": "Parquet",
    "delta": "Delta",
}
_NAMES: Final = {"spark": "Spark"}
# Of what is not asked, why.
_NOT_RUN: Final = {
    ("spark", "blob"): "needs hadoop-azure, a jar",
    ("spark", "delta"): "needs delta-spark, a jar",
}
_ELSEWHERE: Final = ("duckdb", "spark")

_OPENING: Final = """# Other readers

Made by `make readers`: what other libraries make of the same {rows} rows, in each form that there
is. The rows have empty and missing texts, texts that look like numbers, integers of 64 bits, NaN
and infinities, times and days, line breaks, and a column that was added on the second day. The
files were written by a pipeline and by `compact()`; the append blobs are on the emulator and still
open. `aiocollect.read()` has every cell right in all forms ([reading](../how-to/reading.md)).

{versions}

## In short

**At once**: the first call that one tries reads every cell right. **Recipe**: the one below does.

{short}

## What the first call does

"""

_RECIPES: Final = """## The recipes

As they were run; `paths` are the parts of a stream in the order of their names. Put your own
columns in the place of these. What the columns are is in [values](values.md).

"""


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _named(library: str) -> str:
    return _NAMES.get(library, library)


def _versions(results: Mapping[str, Any]) -> str:
    said = []
    for library in LIBRARIES:
        of = results[library]
        version = of["versions"]["pyspark" if library == "spark" else library]
        said.append((_named(library), version, of["date"]))
    return _table([("library", "version", "read on"), *said])


def _cell(library: str, form: str, found: Mapping[str, Any]) -> str:
    if (library, form) in _NOT_RUN:
        return f"not run: {_NOT_RUN[library, form]}"
    ways = found[form]
    if ways.get("first") == {}:
        return "at once"
    recipe = ways.get("recipe", ways.get("first"))
    if recipe == {}:
        return "recipe"
    if isinstance(recipe, str):
        return "cannot"
    texts = [column for column, told in recipe.items() if told == ["text"]]
    if len(texts) == len(recipe):
        return f"recipe; {' and '.join(texts)} as text"
    return "recipe, but for " + ", ".join(recipe)


def _short(results: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [("", *_FORMS.values())]
    for library in LIBRARIES:
        found = results[library]["found"]
        rows.append((_named(library), *(_cell(library, form, found) for form in _FORMS)))
    return _table(rows)


def _told(changes: list[str]) -> str:
    if not changes:
        return "right"
    said = "; ".join(told for told in changes if told != "text")
    return ("as text" + (f"; {said}" if said else "")) if "text" in changes else said


def _first(results: Mapping[str, Any], form: str) -> str:
    rows: list[tuple[str, ...]] = [("", *known.COLUMNS.values())]
    for library in LIBRARIES:
        first = results[library]["found"].get(form, {}).get("first")
        if first is None:
            continue
        if isinstance(first, str):
            rows.append((_named(library), first, *[""] * (len(known.COLUMNS) - 1)))
        else:
            cells = (_told(first.get(column, [])) for column in known.COLUMNS)
            rows.append((_named(library), *cells))
    return _table(rows)


def _recipe(library: str) -> str:
    """The imports, constants and recipes of a library, as they stand there."""
    source = (_WAYS / f"with_{library}.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    shown = ""
    before = ""
    for node in ast.parse(source).body:
        kind = "import" if isinstance(node, ast.Import | ast.ImportFrom) else "constant"
        if isinstance(node, ast.FunctionDef):
            kind = "function"
            if node.name.endswith("_first") or node.name == "rows_of":
                continue
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        text = "\n".join(lines[first - 1 : node.end_lineno])
        if isinstance(node, ast.If) or text.startswith(('"""', "from __future__", "from tests")):
            continue
        shown += ("" if not shown else "\n\n\n" if kind == "function" else "\n") + (
            "\n" if kind == "constant" and before == "import" else ""
        )
        shown += text
        before = kind
    return shown.replace("  # type: ignore[import-untyped]", "")


def page() -> str:
    """The page's text."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    parts = [
        _OPENING.format(
            rows=len(known.ROWS), versions=_versions(results), short=_short(results)
        ).rstrip()
    ]
    parts += [
        f"### {_FORMS[form]}\n\n{_first(results, form)}"
        for form in ("csv", "jsonl", "parquet", "delta")
    ]
    parts.append(_RECIPES.rstrip())
    for library in ("pyarrow", "pandas", "polars", "duckdb", "spark"):
        skip = '<!-- skip: next "an environment of its own" -->\n\n'
        parts.append(f"### {_named(library)}\n\n{skip}```python\n{_recipe(library).strip()}\n```")
    return "\n\n".join(parts) + "\n"
