"""The figures as text and as JSON."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from .measure import Figure

__all__ = ["as_json", "as_text", "from_json"]


def as_text(figures: Sequence[Figure]) -> str:
    """A line for each figure: median, quartiles, goal."""
    lines = []
    for figure in figures:
        low, high = figure.spread
        goal = ""
        if figure.goal is not None:
            sign = ">=" if figure.at_least else "<="
            verdict = "reached" if figure.reached else "not reached"
            goal = f"goal {sign} {_number(figure.goal)}: {verdict}"
        spread = f"{_number(low)} to {_number(high)}" if len(figure.samples) > 1 else ""
        lines.append(
            f"{figure.name:<66}{_number(figure.median):>9} {figure.unit:<4} {spread:<19} "
            f"{goal}{'; ' * bool(goal and figure.note)}{figure.note}".rstrip()
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """Everything, with the conditions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in ("orjson", "aiohttp", "azure-storage-blob")},
        "figures": [
            {
                "name": each.name,
                "median": each.median,
                "quartiles": each.spread,
                "unit": each.unit,
                "goal": each.goal,
                "at_least": each.at_least,
                "reached": each.reached,
                "note": each.note,
                "samples": each.samples,
            }
            for each in figures
        ],
    }


def from_json(data: dict[str, Any]) -> list[Figure]:
    """The figures of another process."""
    return [
        Figure(
            each["name"],
            tuple(each["samples"]),
            unit=each["unit"],
            goal=each["goal"],
            at_least=each["at_least"],
            note=each["note"],
        )
        for each in data["figures"]
    ]
