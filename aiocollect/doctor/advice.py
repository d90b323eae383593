"""Advice on linger and writer, from how long appends take. Pure.

Appends to one blob happen one after another. While writers x time of an append / linger stays below
a fifth, they seldom meet; above, each append that loses the race is read back and sent again, and
rows become old (docs/explanation/performance.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

__all__ = ["Advice", "advise"]

SHARE: Final = 0.2
DAY: Final = 86_400
# limits.max_blocks: then the next part begins.
BLOCKS: Final = 49_000


class Advice(NamedTuple):
    """``writers``: how many processes may share a blob. ``blocks``: what one of them appends in a
    day of steady rows. ``remedy``: "" if the options fit."""

    middle: float
    slowest: float
    writers: int
    blocks: int
    remedy: str


def advise(latencies: Sequence[float], *, linger: float, writer: str) -> Advice | None:
    """What these appends mean for the options; None without any. Times in seconds."""
    if not latencies:
        return None
    middle = median(latencies)
    writers = int(SHARE * linger / middle) if middle > 0 and linger > 0 else 0
    blocks = int(DAY / max(linger, middle)) if max(linger, middle) > 0 else 0
    remedy = ""
    if writer == "shared" and writers < 1:
        wanted = middle / SHARE
        remedy = (
            f"even two processes would often wait for each other: set AIOCOLLECT_WRITER=own, or "
            f"AIOCOLLECT_LINGER={wanted:.2g} and more"
        )
    elif middle > linger:
        remedy = f"set AIOCOLLECT_LINGER={middle:.2g} or more: appends take longer than linger"
    return Advice(middle, max(latencies), writers, blocks, remedy)
