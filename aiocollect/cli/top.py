"""``aiocollect top``: what processes do, from their status files, in the terminal until Ctrl-C.

It opens nothing in the processes that it shows, and shows no cell of a row.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NamedTuple, TypeAlias

from aiocollect import ConfigError
from aiocollect._threads.loops import run
from aiocollect.cli.serving import stop_signal
from aiocollect.cli.top_figures import Figures, TopHistory
from aiocollect.page.sources import Several, StatusDirectory

__all__ = ["NOTHING", "TopOptions", "top"]

# Shows figures, and where there is no process what to do about it.
_Show: TypeAlias = Callable[[Figures, str], None]
# Seconds between two looks: a status file is replaced once a second.
INTERVAL = 1.0
# With --once, rates need a status file and the next one.
TWICE = 1.5
NEEDS_YOU = 1
NOTHING = 3


class TopOptions(NamedTuple):
    """See the help of the command."""

    once: bool
    json: bool
    between: float = TWICE  # seconds between the two looks of --once


def top(directories: Sequence[str], options: TopOptions) -> int:
    """Show until a signal comes; returns the exit code. Raises ConfigError."""
    source = Several([StatusDirectory(path) for path in directories])
    show = _as_json if options.json else _printed
    if not options.json:
        _needs_rich()
    return run(_top(source, options, show))


async def _top(source: Several, options: TopOptions, show: _Show) -> int:
    stop = stop_signal()
    history = TopHistory()
    if options.once:
        await _look(source, history)
        await _passes(stop, options.between)
        figures = await _look(source, history)
        show(figures, source.hint)
        if not figures.processes:
            return NEEDS_YOU if figures.unreadable else NOTHING
        return NEEDS_YOU if figures.level == "bad" else 0
    screen: AbstractContextManager[_Show] = nullcontext(show)
    if not options.json and sys.stdout.isatty():
        from aiocollect.cli.top_view import on_screen

        screen = on_screen()
    with screen as draw:
        while not stop.is_set():
            draw(await _look(source, history), source.hint)
            await _passes(stop, INTERVAL)
    return 0


async def _look(source: Several, history: TopHistory) -> Figures:
    seen = await source.look()
    return history.look(seen.processes, seen.unreadable, time.time())


async def _passes(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the signal."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _as_json(figures: Figures, hint: str) -> None:
    plain = figures._asdict()
    plain["processes"] = [one._asdict() for one in figures.processes]
    plain["streams"] = [one._asdict() for one in figures.streams]
    plain["held_elsewhere"] = [
        {"name": name, "code": code, "remedy": remedy}
        for name, (code, remedy) in figures.held_elsewhere.items()
    ]
    plain["unreadable"] = [{"name": name, "why": why} for name, why in figures.unreadable]
    print(json.dumps({**plain, "hint": "" if figures.processes else hint}), flush=True)


def _printed(figures: Figures, hint: str) -> None:
    """One look below the other."""
    from rich.console import Console

    from aiocollect.cli.top_view import view

    console = Console()
    console.print(view(figures, hint, width=console.width, height=None))


def _needs_rich() -> None:
    try:
        import rich  # noqa: F401 - only whether it is there
    except ImportError:
        raise ConfigError(
            'aiocollect top needs rich, which is not installed: pip install "aiocollect[top]", or '
            "use --json, which needs nothing"
        ) from None
