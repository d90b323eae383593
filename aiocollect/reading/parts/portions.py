"""A plan in portions that can be read apart from one another. Pure.

One stream: its parts, side by side. Joined streams: stretches of time, since what belongs together
lies in folders of one time. A part is cut only where a row is known to end, never at a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .plan import Plan, PlannedPart

__all__ = ["Portion", "plan_size", "portions_of_parts", "portions_of_spans"]


class Portion(NamedTuple):
    """``parts``: of one stream, these alone. ``window``: of joined ones, the stretches of time from
    one to before another. None: all. ``size``: about so many bytes."""

    parts: tuple[PlannedPart, ...] | None
    window: tuple[int, int] | None
    size: int


def portions_of_parts(parts: Sequence[PlannedPart], target: int) -> list[Portion]:
    """The parts of one stream in order, several small ones together. Where some are compared with
    compacted files, parts and files of one time stay together."""
    whole = any(part.checked for part in parts)
    units: list[list[PlannedPart]] = []
    end = 0
    for part in parts:
        if whole and part.begin < end:
            units[-1].append(part)
        else:
            units.append([part])
        end = max(end, part.end)
    sizes = [sum(part.length - part.start for part in unit) for unit in units]
    return [
        Portion(tuple(part for unit in units[first:last] for part in unit), None, size)
        for first, last, size in _groups(sizes, target)
    ]


def portions_of_spans(spans: Sequence[tuple[int, int]], plan: Plan, target: int) -> list[Portion]:
    """The stretches of time in order, several small ones together."""
    parts = plan.parts
    sizes = [
        sum(part.length for part in parts if part.begin < end and begin < part.end)
        for begin, end in spans
    ]
    return [Portion(None, (first, last), size) for first, last, size in _groups(sizes, target)]


def plan_size(plan: Plan) -> int:
    """How many bytes it has."""
    return sum(part.length - part.start for part in plan.parts)


def _groups(sizes: Iterable[int], target: int) -> list[tuple[int, int, int]]:
    """Neighbours together, as long as their sizes do not pass the target; from, until, size."""
    groups: list[tuple[int, int, int]] = []
    for at, size in enumerate(sizes):
        if groups and groups[-1][2] + size <= target:
            first, _, sum_ = groups.pop()
            groups.append((first, at + 1, sum_ + size))
        else:
            groups.append((at, at + 1, size))
    return groups
