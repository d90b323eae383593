"""``aiocollect replay``: brings what ended processes have left in a spool to the store."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from aiocollect import ConfigError, FlushTimeout, Pipeline, Report

__all__ = ["replay"]


def replay(directory: str, store: str | None, *, timeout: float | None) -> int:
    """Replay the spool, and tell what became of it; returns the exit code."""
    if not os.path.isdir(directory):
        raise ConfigError(f"there is no directory {directory}; name the spool= of the pipelines")
    return asyncio.run(_replay(directory, store, timeout))


async def _replay(directory: str, store: str | None, timeout: float | None) -> int:
    # What goes with the store, a credential above all, may be in the environment all the same.
    given: dict[str, Any] = {} if store is None else {"store": store}
    pipeline = Pipeline.from_env(spool=directory, **given)
    late = False
    try:
        await pipeline.replay(timeout)
    except FlushTimeout:
        late = True
    report = await pipeline.aclose(0 if late else None)
    print(_told(report))
    if late:
        print(f"not all within {timeout:g} s: run it again", file=sys.stderr)
    return 0 if report.complete else 1


def _told(report: Report) -> str:
    if not report.accepted:
        return "nothing to replay"
    rest = {
        "left in the spool": report.in_spool,
        "possibly stored": report.possibly_stored,
        **{f"given up ({reason})": rows for reason, rows in report.dropped.items()},
        **{f"dead letters ({reason})": rows for reason, rows in report.dead_lettered.items()},
    }
    parts = [f"{rows} {what}" for what, rows in rest.items() if rows]
    return ", ".join([f"{report.stored} of {report.accepted} rows stored", *parts])
