"""Whether the numbers of a lane are all accounted for. Pure.

A lane numbers its rows 0, 1, 2 …, behind the gate and the ring, and each number comes to exactly
one end. So a number that is missing is never sampling and never a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..log.lives import Ended, Stored

__all__ = ["Tiling", "tiled"]


class Tiling(NamedTuple):
    """``holes``: ranges (first, last) that nothing tells of. ``twice``: what is stored, or was
    dropped, although it is stored elsewhere. ``waiting``, ``doubtful``: ends that are none yet."""

    holes: list[tuple[int, int]]
    twice: list[Stored]
    waiting: list[Ended]
    doubtful: list[Ended]


def tiled(stored: Iterable[Stored], ended: Iterable[Ended], end: int | None) -> Tiling:
    """The numbers of a lane from 0 to before ``end``; None: as far as anything is told."""
    claims: list[tuple[int, int, Stored | Ended]] = [(one.first, one.last, one) for one in stored]
    soft: list[Ended] = []
    for one in ended:
        if one.why.startswith(("spooled", "possibly")):
            soft.append(one)
        else:
            claims.append((one.first, one.last, one))
    claims.sort(key=lambda claim: claim[:2])
    twice: list[Stored] = []
    gaps: list[tuple[int, int]] = []
    at = 0
    for first, last, claim in claims:
        if first < at and isinstance(claim, Stored):
            twice.append(claim)
        if first > at:
            gaps.append((at, first - 1))
        at = max(at, last + 1)
    if end is not None and at < end:
        gaps.append((at, end - 1))
    waiting: list[Ended] = []
    doubtful: list[Ended] = []
    holes: list[tuple[int, int]] = []
    for low, high in gaps:
        left = [(low, high)]
        for one in soft:
            rest = []
            for first, last in left:
                if one.last < first or one.first > last:
                    rest.append((first, last))
                    continue
                kind = waiting if one.why.startswith("spooled") else doubtful
                if one not in kind:
                    kind.append(one)
                if first < one.first:
                    rest.append((first, one.first - 1))
                if one.last < last:
                    rest.append((one.last + 1, last))
            left = rest
        holes += left
    return Tiling(holes, twice, waiting, doubtful)
