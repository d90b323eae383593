"""Streams read side by side, as far as all of them have come: the rows of each in one order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["aligned"]


async def aligned(
    streams: Mapping[str, AsyncIterator[Any]], *, least: int = 0
) -> AsyncIterator[dict[str, Any]]:
    """Tables of the same number of rows, one of each stream, of at least ``least`` bytes together
    but for the last ones. Where a stream ends before another, the last ones are what is held, of
    different numbers of rows, and the rest is not read."""
    held: dict[str, Any] = dict.fromkeys(streams)
    running = set(streams)
    while True:
        behind = min(running, key=lambda name: _rows(held[name]), default=None)
        table = None if behind is None else await anext(streams[behind], None)
        if behind is not None and table is not None:
            held[behind] = (
                table if held[behind] is None else pa.concat_tables([held[behind], table])
            )
            if sum(one.nbytes for one in held.values() if one is not None) < least:
                continue
        elif behind is not None:
            running.discard(behind)
        common = min(map(_rows, held.values()))
        if common:
            yield {name: one.slice(0, common) for name, one in held.items()}
            held = {name: one.slice(common) for name, one in held.items()}
        ended = any(not _rows(held[name]) for name in streams if name not in running)
        if not running or (ended and any(map(_rows, held.values()))):
            break
    if any(map(_rows, held.values())):
        yield held


def _rows(table: Any) -> int:
    return 0 if table is None else len(table)
