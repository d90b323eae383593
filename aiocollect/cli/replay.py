"""``aiocollect replay``: brings what ended processes have left in a spool to the store.

Exits 0 where everything that was there is stored; 1 where rows are left, lost or damaged, or a
directory could not be taken over; each with its reason.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, NamedTuple

from aiocollect import ConfigError, FlushTimeout, Pipeline, Report
from aiocollect.events import Event, SpoolDamaged, SpoolFailed, SpoolLeft

__all__ = ["ReplayOptions", "replay"]


class ReplayOptions(NamedTuple):
    """What the command line says; None: what the environment does. ``timeout`` in seconds, for all
    of it; ``any_target``: also rows of other stores, workspaces and services."""

    store: str | None = None
    workspace: str | None = None
    service: str | None = None
    timeout: float | None = None
    any_target: bool = False


# Of the time that the command has, what giving up and closing may take: at most, in seconds.
CLOSING = 1.0


def replay(directory: str, options: ReplayOptions) -> int:
    """Replay the spool, and tell what became of it; returns the exit code."""
    if not os.path.isdir(directory):
        raise ConfigError(f"{directory} is not a directory; pass the spool= of the pipelines")
    return asyncio.run(_replay(directory, options))


async def _replay(directory: str, options: ReplayOptions) -> int:
    seen = Troubles()
    pipeline = _pipeline(directory, options, seen)
    late = False
    timeout = options.timeout
    if timeout is not None:
        timeout -= min(CLOSING, timeout / 2)
    try:
        await pipeline.replay(timeout, any_target=options.any_target)
    except FlushTimeout:
        late = True
    report = await pipeline.aclose(0 if late else None)
    print(_told(report))
    for line in seen.lines:
        print(line, file=sys.stderr)
    if late:
        print(f"not finished within {options.timeout:g} s; run it again", file=sys.stderr)
    return 0 if report.complete and not late and not seen.lines else 1


def _pipeline(directory: str, options: ReplayOptions, seen: Troubles) -> Pipeline:
    # What goes with the store, a credential above all, may be in the environment all the same.
    told = {"store": options.store, "workspace": options.workspace, "service": options.service}
    given: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return Pipeline.from_env(spool=directory, hooks=[seen.hear], **given)


class Troubles:
    """What went wrong, in lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __repr__(self) -> str:
        return f"<Troubles {len(self.lines)}>"

    def hear(self, event: Event) -> None:
        """Note it, once."""
        match event:
            case SpoolDamaged():
                line = (
                    f"{event.life}: damaged: {event.corrupt} unreadable stretches set "
                    f"aside beside it as corrupt-…, at least {event.rows} rows lost"
                )
            case SpoolLeft():
                line = f"{event.life}: left as it is: {event.reason}"
            case SpoolFailed():
                line = f"disk: {event.reason}"
            case _:
                return
        if line not in self.lines:
            self.lines.append(line)


def _told(report: Report) -> str:
    if not report.accepted:
        return "nothing to replay"
    rest = {
        "left in the spool": report.in_spool,
        "possibly stored": report.possibly_stored,
        **{f"dropped ({reason})": rows for reason, rows in report.dropped.items()},
        **{f"dead letters ({reason})": rows for reason, rows in report.dead_lettered.items()},
    }
    parts = [f"{rows} {what}" for what, rows in rest.items() if rows]
    return ", ".join([f"{report.stored} of {report.accepted} rows stored", *parts])
