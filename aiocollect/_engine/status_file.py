"""The status file: what this process does, once a second, for whoever looks from outside.

Each process replaces a file of its own, so many workers are seen at once, and none needs a port.
The page, ``aiocollect top`` and doctor read them. docs/reference/status.md has the format. It
never has a cell or a secret, only its owner may read it, and it is removed when the pipeline
closes: a file that is not replaced any more is of a process that was killed.

Invariants: no file is touched on the event loop; a disk that hangs or is full delays nothing but
the next file.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, Final

import orjson

from .._files.regular import replace_file
from ..events import StatusFailed
from ..stats import CORE, STATUS_FORMAT, STATUS_SUFFIX
from .engine import Engine
from .status import healthy_here, stats_here, streams_here

__all__ = ["StatusFile", "plain_status", "status_of"]

# An operator does not notice the delay, and a file of 4 KB a second costs nothing.
INTERVAL: Final = 1.0
# How long a disk has to remove the file before the pipeline closes without that, in seconds.
PATIENCE: Final = 0.5
# So many streams stand in a file, those in trouble and the busiest first.
MOST_STREAMS: Final = 200


def plain_status(engine: Engine) -> dict[str, Any]:
    """What the file would hold now, as plain values. From any thread."""
    found: dict[str, Any] = orjson.loads(
        engine.binding.ask(lambda: orjson.dumps(status_of(engine)))
    )
    return found


def status_of(engine: Engine) -> dict[str, Any]:
    """What the file holds, and what the page shows. On the pipeline's loop."""
    settings = engine.settings
    found = sorted(streams_here(engine), key=lambda one: (not one.code, -one.waiting, -one.stored))
    return {
        "format": STATUS_FORMAT,
        "at": engine.clock.time_ns() / 1e9,
        "began": engine.began,
        "pid": os.getpid(),
        "node": socket.gethostname(),
        "writer": engine.channels.writer,
        "core": CORE,
        "store": engine.target,
        "healthy": healthy_here(engine, 30.0),
        "closed": engine.closed,
        "settings": {
            "linger": settings.linger,
            "max_memory_bytes": settings.max_memory_bytes,
            "spool": settings.spool is not None,
            "settings_file": settings.settings_file,
        },
        "stats": stats_here(engine),
        "streams": found[:MOST_STREAMS],
        "more_streams": max(0, len(found) - MOST_STREAMS),
        "recent": engine.recent.latest,
    }


class StatusFile:
    """Replaces one file in the ``directory``, as long as the pipeline lives."""

    def __init__(self, directory: str, engine: Engine) -> None:
        self._directory = directory
        self._engine = engine
        self._path = ""  # of the file that was written last
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False  # for the disk
        self._failed = False

    def __repr__(self) -> str:
        return f"<StatusFile {self._path or self._directory}>"

    def start(self) -> None:
        """Write now, and then every second, on the running loop."""
        self.stop()
        self._waiting = False
        self._tick()

    def stop(self) -> None:
        """Write no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def remove(self) -> None:
        """The pipeline has closed: remove the file, beside the loop, unless the disk hangs."""
        self.stop()
        path, self._path = self._path, ""
        if not path:
            return
        removed = asyncio.Event()
        self._engine.aside.apart(lambda: _removed(path), lambda answer: removed.set())
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await removed.wait()

    def forget(self) -> None:
        """In a forked child: the file is the parent's."""
        self._path = ""
        self._timer = None

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)
        if self._waiting:
            return
        engine = self._engine
        name = f"{os.getpid()}-{engine.channels.writer}{STATUS_SUFFIX}"
        path = self._path = os.path.join(self._directory, name)
        found = status_of(engine)

        def then(answer: OSError | None) -> None:
            self._waiting = False
            if isinstance(answer, OSError) and not self._failed:
                reason = f"{self._directory}: {answer.strerror or answer}"
                engine.hooks.emit(StatusFailed(reason=reason))
            self._failed = isinstance(answer, OSError)

        self._waiting = True
        engine.aside.apart(lambda: replace_file(path, orjson.dumps(found)), then)


def _removed(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
