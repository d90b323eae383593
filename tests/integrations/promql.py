"""As much of PromQL as the alerts of docs/metrics.md need, over two scrapes.

By prometheus.io/docs/prometheus/latest/querying: ``increase`` and ``rate`` need two samples of a
series, so a series that the first scrape does not have gives nothing; ``sum by`` adds up; a
comparison keeps the series for which it holds; the result is empty, or the alert fires.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

__all__ = ["Scrape", "fires"]

Labels: TypeAlias = frozenset[tuple[str, str]]
Scrape: TypeAlias = Mapping[tuple[str, Labels], float]
Vector: TypeAlias = dict[Labels, float]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "==": operator.eq,
}
# Of all ranges: what lies between the two scrapes, in seconds.
APART = 60.0


def fires(expression: str, before: Scrape, after: Scrape) -> Vector:
    """The series for which an alert's expression holds; none: it does not fire."""
    left, sign, limit = re.fullmatch(r"(.*) (>|==) ([\d.]+)", expression).groups()  # type: ignore[union-attr]
    found = _vector(left, before, after)
    return {labels: value for labels, value in found.items() if _COMPARE[sign](value, float(limit))}


def _vector(text: str, before: Scrape, after: Scrape) -> Vector:
    summed = re.fullmatch(r"sum by \((\w+)\) \((.*)\)", text)
    if summed:
        total: Vector = {}
        for labels, value in _vector(summed[2], before, after).items():
            kept = frozenset((name, one) for name, one in labels if name == summed[1])
            total[kept] = total.get(kept, 0) + value
        return total
    parts = text.split(" / ")
    if len(parts) == 2:
        above, below = (_vector(part, before, after) for part in parts)
        return {key: value / below[key] for key, value in above.items() if below.get(key)}
    ranged = re.fullmatch(r"(increase|rate)\((.*)\[\d+[mhd]\]\)", text)
    if ranged:
        first, last = _select(ranged[2], before), _select(ranged[2], after)
        per = APART if ranged[1] == "rate" else 1.0
        return {key: (last[key] - first[key]) / per for key in last if key in first}
    return _select(text, after)


def _select(text: str, scrape: Scrape) -> Vector:
    found = re.fullmatch(r'(\w+)(?:\{(\w+)(=~|=)"(.*)"\})?', text)
    assert found, f"this is no PromQL that is known here: {text}"
    name, label, _, pattern = found.groups()
    return {
        labels: value
        for (metric, labels), value in scrape.items()
        if metric == name and (label is None or re.fullmatch(pattern, dict(labels).get(label, "")))
    }
