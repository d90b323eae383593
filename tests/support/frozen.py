"""Values as the shape freezes them, for the tests of interop."""

from __future__ import annotations

from typing import Any

import numpy as np

from aiocollect._values.shape import Shape

NAN = float("nan")


def freeze(data: Any, names: tuple[str, ...] | None = ("a", "b"), **options: Any) -> list[Any]:
    shape = Shape("s", feature_names=names, **{"max_call_bytes": 1 << 22, **options})
    rows, _, _ = shape.freeze(data)
    return rows.tolist() if isinstance(rows, np.ndarray) else [list(row) for row in rows]


def column(data: Any) -> list[Any]:
    return [cell for (cell,) in freeze(data, ("p",))]


def same(found: Any, wanted: Any) -> bool:
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted) or (found != found and wanted != wanted)
