"""``aiocollect replay``: stores the rows that ended processes left in a spool.

The exit code is 0 if all of them are stored; 1 if rows are left, lost or damaged, or a directory
could not be adopted, each with its reason.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from typing import Any, NamedTuple

from aiocollect import ConfigError, FlushTimeout, Pipeline, Report
from aiocollect.events import Event, SpoolDamaged, SpoolFailed, SpoolLeft

__all__ = ["ReplayOptions", "replay"]


class ReplayOptions(NamedTuple):
    """The options of the command line; None: those of the environment. ``timeout``: seconds for the
    whole command. ``any_target``: also rows for other stores, workspaces and services."""

    store: str | None = None
    workspace: str | None = None
    service: str | None = None
    timeout: float | None = None
    any_target: bool = False
    json: bool = False


# Of the timeout, at most so many seconds are for giving up and closing.
CLOSING = 1.0


def replay(directory: str, options: ReplayOptions) -> int:
    """Replay the spool, and print what became of it; returns the exit code. Raises ConfigError."""
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
    if options.json:
        print(json.dumps(asdict(report) | {"troubles": seen.lines, "finished": not late}))
    else:
        print(_outcome(report))
    for line in seen.lines:
        print(line, file=sys.stderr)
    if late:
        print(f"not finished within {options.timeout:g} s; run it again", file=sys.stderr)
    return 0 if report.complete and not late and not seen.lines else 1


def _pipeline(directory: str, options: ReplayOptions, seen: Troubles) -> Pipeline:
    # The rest, above all a credential, comes from the environment.
    named = {"store": options.store, "workspace": options.workspace, "service": options.service}
    given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return Pipeline.from_env(spool=directory, hooks=[seen.hear], **given)


class Troubles:
    """What went wrong, one line each."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __repr__(self) -> str:
        return f"<Troubles {len(self.lines)}>"

    def hear(self, event: Event) -> None:
        """The hook: note each trouble once."""
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


def _outcome(report: Report) -> str:
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
