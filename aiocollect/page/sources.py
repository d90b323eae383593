"""Where the page's figures come from: a pipeline of this process, status files, or other pages."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from .. import Pipeline
from .._files.regular import read_small
from ..stats import STATUS_FORMAT, STATUS_SUFFIX

__all__ = ["EVERY", "StatusDirectory", "OnePipeline", "Seen", "Several", "StatusSource", "NotShown"]

# A file has 200 streams at most; ten times that is not ours.
MOST_BYTES = 2**20
# Seconds that an answer holds: a little less than a browser waits between two questions.
EVERY = 0.9
# What the page reads of each; whoever lacks one of these is not shown.
_MEMBERS = (
    *("at", "pid", "node", "writer", "store", "core", "healthy", "closed", "settings"),
    *("stats", "streams", "more_streams", "recent"),
)


class NotShown(NamedTuple):
    """A status file that cannot be shown, and why."""

    name: str
    why: str


class Seen(NamedTuple):
    """The processes as they were lately, and what could not be read."""

    processes: list[dict[str, Any]]
    unreadable: list[NotShown]


class StatusSource(Protocol):
    """Where statuses come from."""

    hint: str  # what to do where there is none

    async def look(self) -> Seen:
        """What there is now."""
        ...


class OnePipeline:
    """A pipeline of this process."""

    hint = "The pipeline has not started yet: it starts with the server, or with the first row."

    def __init__(self, pipeline: Pipeline, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._seen, self._at = Seen([], []), float("-inf")

    async def look(self) -> Seen:
        """Its status, as it was within the last second: many viewers are one sample."""
        if self._clock() - self._at >= EVERY:
            # It may live on another thread's loop, which answers within a second.
            self._seen = Seen([await asyncio.to_thread(self._pipeline.status)], [])
            self._at = self._clock()
        return self._seen


class StatusDirectory:
    """Status files in a directory: see docs/reference/status.md."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self.hint = (
            f"{self._path} has no status file. Start the server with "
            f"AIOCOLLECT_STATUS={self._path}, or make the pipeline with status={str(self._path)!r}."
        )

    async def look(self) -> Seen:
        """What its files hold."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Seen:
        seen = Seen([], [])
        try:
            names = sorted(name for name in os.listdir(self._path) if name.endswith(STATUS_SUFFIX))
        except FileNotFoundError:
            return seen  # no process has started yet
        except OSError as error:
            seen.unreadable.append(NotShown(str(self._path), error.strerror or "unreadable"))
            return seen
        for name in names:
            try:
                seen.processes.append(checked(read_small(self._path / name, most=MOST_BYTES)))
            except FileNotFoundError:
                pass  # its pipeline has just closed
            except OSError as error:
                seen.unreadable.append(NotShown(name, error.strerror or "unreadable"))
            except ValueError as error:
                seen.unreadable.append(NotShown(name, str(error)))
        return seen


class Several:
    """All of these, side by side."""

    def __init__(self, sources: Sequence[StatusSource]) -> None:
        self._sources = sources
        self.hint = " ".join([source.hint for source in sources])

    async def look(self) -> Seen:
        """What each of them has; a process that two of them have is shown once."""
        found = await asyncio.gather(*[source.look() for source in self._sources])
        processes = {one["writer"]: one for seen in found for one in seen.processes}
        return Seen(
            sorted(processes.values(), key=lambda one: (one["node"], one["pid"])),
            [one for seen in found for one in seen.unreadable],
        )


def checked(data: bytes) -> dict[str, Any]:
    """A status file's content. Raises ValueError, which says what is wrong with it."""
    try:
        found = orjson.loads(data)
    except ValueError:
        raise ValueError("it is not JSON") from None
    if not isinstance(found, dict) or "format" not in found:
        raise ValueError("it is not a status file of aiocollect")
    if found["format"] != STATUS_FORMAT:
        raise ValueError(
            f"it has format {found['format']!r}, and this version of aiocollect reads "
            f"{STATUS_FORMAT}; use the version that wrote it"
        )
    missing = [name for name in _MEMBERS if name not in found]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    return found
