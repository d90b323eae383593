"""Dead letters: the file of rows that can never be stored, for people to look into.

One JSON object a line, with the path, the reason, the number of rows, and the rows as text, which
may be cut. ``content`` is the encoded lines if there are any, else the repr of the cells. The file
holds cells, so only its owner can read it. Its size is bounded; entries that do not fit, or cannot
be written, are counted and reported.

Invariants: the file is never touched on the event loop; what waits to be written is bounded, since
a disk can hang.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from .._files.regular import append_line, check_appendable
from .._hooks.hooks import Hooks
from .._threads.side_thread import Aside
from ..errors import ConfigError
from ..events import DeadLettersLost

__all__ = ["MAX_BYTES", "DeadLetters"]

# A bug that makes every row a dead letter must not fill the disk.
MAX_BYTES = 64 * 2**20
# Of one entry: what an encoder refuses can have any size.
MAX_TEXT = 256 * 2**10
# Of all entries that wait for the disk: room for a few of the largest.
MAX_WAITING = 4 * 2**20


class DeadLetters:
    """The file at ``path``, created when there is something to write. ``None``: no file.

    ``lost`` counts rows that no longer fitted, or could not be written; the ``hooks`` hear of them,
    with the reason. Raises ConfigError where something else is in the file's place already.
    """

    def __init__(
        self,
        path: str | None,
        *,
        aside: Aside,
        hooks: Hooks,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._path = path
        self._aside = aside
        self._hooks = hooks
        self._max_bytes = max_bytes
        self._waiting = 0  # bytes
        self._idle: asyncio.Event | None = None
        self.lost = 0
        if path is not None:
            try:
                check_appendable(path)
            except (OSError, ValueError) as error:
                raise ConfigError(f"dead_letters: {_why(error)}; use another file") from None

    def __repr__(self) -> str:
        return f"<DeadLetters in {self._path}, {self.lost} lost>"

    def write(self, path: str, *, rows: int, reason: str, content: Any) -> None:
        """Append an entry: ``content`` is the encoded lines as bytes, or the rows themselves."""
        if self._path is None:
            return
        file, most = self._path, self._max_bytes
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else _shown(content)
        entry = {"path": path, "rows": rows, "reason": reason, "content": text[:MAX_TEXT]}
        line = json.dumps(entry).encode() + b"\n"
        if self._waiting + len(line) > MAX_WAITING:
            self._lose(rows, "the disk does not answer")
            return

        def then(answer: bool | OSError) -> None:
            self._waiting -= len(line)
            if answer is not True:
                full = f"the file would exceed {most} bytes"
                self._lose(rows, _why(answer) if isinstance(answer, OSError) else full)
            if self._idle is not None and not self._waiting:
                self._idle.set()

        self._waiting += len(line)
        self._aside.apart(lambda: append_line(file, line, most=most), then)

    async def settle(self, timeout: float) -> None:
        """Return when nothing waits for the disk, or after ``timeout`` seconds."""
        if self._waiting:
            self._idle = asyncio.Event()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._idle.wait()

    def forget(self) -> None:
        """On a new loop, or in a forked child: earlier writes are never answered."""
        self._waiting = 0

    def _lose(self, rows: int, why: str) -> None:
        self.lost += rows
        self._hooks.emit(DeadLettersLost(rows=rows, reason=why))


def _why(error: OSError | ValueError) -> str:
    said = error.strerror if isinstance(error, OSError) else "this is not a valid file name"
    return said or type(error).__name__


def _shown(rows: Any) -> str:
    try:
        return repr(rows)
    except Exception as error:  # the repr of a cell can raise anything
        return f"<{type(error).__name__}>"
