"""A cell as JSON, so that readers of any environment can be compared; and what became of it."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["change", "tagged"]

Tagged = list[str]
_MISSING: Final = ["missing"]


def tagged(value: Any) -> Tagged:
    """The kind of a cell, and its text."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return _MISSING
    if hasattr(value, "item"):  # of numpy
        value = value.item()
    if isinstance(value, bool):
        return ["boolean", str(value)]
    if isinstance(value, int):
        return ["integer", str(value)]
    if isinstance(value, Decimal) and value == int(value):
        return ["integer", str(int(value))]
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, datetime):  # pandas.Timestamp is one
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return ["time", text]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    return ["text", str(value)]


def _written(kind: str, text: str) -> set[str]:
    """How a cell of this kind may stand in a file."""
    if kind == "boolean":
        return {text.lower()}
    if kind == "time":
        return {f"{text}+00:00", text}
    if kind == "float":
        value = float(text)
        return {text, "NaN"} if math.isnan(value) else {text, text.replace("inf", "Infinity")}
    return {text}


def _shown(cell: Tagged) -> str:
    if cell == _MISSING:
        return "missing"
    kind, text = cell
    text = text if len(text) <= 24 else f"{text[:22]}…"
    return f"`{text!r}`" if kind == "text" else f"`{text}`"


def change(due: Tagged, found: Tagged | None, *, floats: bool) -> str:
    """ "": the same. "text": its text, untyped. Else what it became. ``floats``: the column has
    floats; in all others NaN is how pandas says that a cell is missing."""
    if found is None:
        return "the column is absent" if due != _MISSING else ""
    if due == found or (due == _MISSING and found == ["float", "nan"] and not floats):
        return ""
    untyped = _MISSING not in (due, found) and found[0] == "text" != due[0]
    if untyped and found[1] in _written(*due):
        return "text"
    return f"{_shown(due)} becomes {_shown(found)}"
