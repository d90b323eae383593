"""Runs the ways of one library in its own environment: JSON in, JSON out."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.readers.cells import tagged

__all__ = ["tell"]


def tell(
    module: Mapping[str, Any],
    rows_of: Callable[[Any], Iterable[Mapping[str, Any]]],
    packages: tuple[str, ...],
) -> None:
    """Read ``{form: paths}`` from stdin; print rows of tagged cells, or the error, for each way of
    each form, after the versions of the packages. A way is ``FORM_first`` or ``FORM_recipe``."""
    files: dict[str, list[str]] = json.load(sys.stdin)
    found: dict[str, Any] = {}
    for form, paths in files.items():
        found[form] = {}
        for name in ("first", "recipe"):
            way = module.get(f"{form}_{name}")
            if way is None:
                continue
            try:
                rows = [
                    {column: tagged(cell) for column, cell in row.items()}
                    for row in rows_of(way(paths))
                ]
            except Exception as error:  # whatever a library raises is its answer
                found[form][name] = f"refuses: {type(error).__name__}"
            else:
                found[form][name] = rows
    versions = {name: importlib.metadata.version(name) for name in packages}
    print(json.dumps({"versions": versions, "found": found}))
