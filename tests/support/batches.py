"""Limits and batches, for the tests of the core."""

from __future__ import annotations

from aiocollect._core.limits import BatchLimits


def limits(max_bytes: int = 10, linger: float = 2.0) -> BatchLimits:
    return BatchLimits(max_bytes=max_bytes, linger=linger, max_blocks=400)
