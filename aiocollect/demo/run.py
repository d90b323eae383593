"""Runs the demo: its page, its stage, and in the end the audit."""

from __future__ import annotations

import asyncio
import json as json_module
import os
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import AioCollectError
from ..page.browser import can_open, open_browser
from ..stats import CORE
from . import view
from .audit import AuditResult, audit, read_answers
from .blobs import Unreadable
from .children import ChildFailed, check_system
from .commands import next_commands
from .panel import DemoPanel, DemoVerdict
from .place import DemoPlace
from .site import ServerLives, serve_page
from .stage import Stage

__all__ = ["run_demo"]


def run_demo(
    *,
    seconds: float = 45.0,
    rate: float = 600.0,
    store: str | None = None,
    container: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    json: bool = False,
    browser: bool = True,
    store_stays: bool = True,
) -> int:
    """Run it all and write to stdout; 0 for a good verdict, 1 for a bad one or a failure.

    ``store`` is a path, a URL or a connection string (with ``container``); None is ``modeldata`` in
    ``directory``, which is None for a new folder in ./demo-data. ``json``: one JSON object is the
    last line. ``browser``: open the page where there is a screen. ``store_stays``: False where the
    store ends with the demo, so that no command can read it.
    """
    try:
        check_system()
        folder = _folder(directory)
        place = DemoPlace(store, container, folder=folder, stays=store_stays)
        place.check()
        stage = Stage(folder, place, seconds=seconds, rate=rate, say=_say)
        found, outcome = asyncio.run(_live(stage, place, folder, browser=browser))
        result = _result(stage, place, folder, found, outcome)
    except KeyboardInterrupt:
        print("\ninterrupted; server and load have ended", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads on. Python's own last flush shall not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ChildFailed, AioCollectError, Unreadable, OSError) as error:
        print(f"aiocollect demo: {error}", file=sys.stderr, flush=True)
        result = {"verdict": "failed", "error": str(error)}
    if json:
        print(json_module.dumps(result), flush=True)
    return 0 if result["verdict"] == "good" else 1


def _folder(directory: str | os.PathLike[str] | None) -> Path:
    """The folder for all that the demo writes; made."""
    if directory is not None:
        folder = Path(directory)
    else:
        folder = Path("demo-data", time.strftime("%Y%m%d-%H%M%S"))
        if folder.exists():
            folder = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror
        raise OSError(f"cannot create {folder}: {why}; use another --directory") from None
    return folder


async def _live(
    stage: Stage, place: DemoPlace, folder: Path, *, browser: bool
) -> tuple[AuditResult, DemoVerdict]:
    """The page, the run, the audit, and the verdict on page and terminal."""
    panel = DemoPanel(stage.controls, stage.act, stage.elapsed)
    async with serve_page(ServerLives(stage.status, stage.ended), panel) as address:
        opens = browser and can_open()
        _say(
            *view.beginning(
                rate=stage.rate,
                seconds=stage.seconds,
                page=address,
                opens=opens,
                where=place.where,
            ),
            view.heading(),
        )
        if opens:
            await open_browser(address)
        await stage.run()
        # In a thread, since the page is asked meanwhile.
        found = await asyncio.to_thread(
            lambda: audit(read_answers(folder / "answers.jsonl"), place.files())
        )
        outcome = view.outcome_of(found, stage.load, next_commands(place), CORE)
        _say(*view.ending(outcome))
        await panel.tell(outcome)
    return found, outcome


def _result(
    stage: Stage, place: DemoPlace, folder: Path, found: AuditResult, outcome: DemoVerdict
) -> dict[str, Any]:
    told = asdict(found)
    return {
        "verdict": "good" if found.good else "bad",
        "answered": {"requests": told.pop("requests"), "rows": told.pop("rows")},
        **told,
        "seconds": stage.seconds,
        "rate": stage.rate,
        "load": {name: value for name, value in stage.load.items() if name != "event"},
        "restarts": [each._asdict() for each in stage.restarts],
        "pressed": {one["name"]: one["by"] for one in stage.controls.shown()},
        "servers": [
            {name: server.latest["closed"][name] for name in ("report", "stats")}
            for server in stage.servers
            if "closed" in server.latest
        ],
        "paths": {
            "folder": str(folder.absolute()),
            "store": None if place.local is None else str(place.local),
            "answers": str((folder / "answers.jsonl").absolute()),
        },
        "next": [each.command for each in outcome.next],
        "audit_again": shlex.join(["python", "-m", "aiocollect.demo.audit", str(folder)]),
    }


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)
