"""The watch: looks at the settings file once a second, and has the gates do as it says.

A file that cannot be understood changes nothing; that is told once, until it changes again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from ..control import Control, read_control
from ..errors import ConfigError

__all__ = ["Watch"]

# One stat() a second, of some microseconds; operators do not wait longer than they notice.
INTERVAL = 1.0


class Watch:
    """Watches one file. ``obey`` gets what it says, ``complain`` why it cannot be understood."""

    def __init__(
        self,
        path: str,
        *,
        obey: Callable[[Control], None],
        complain: Callable[[ConfigError], None],
    ) -> None:
        self._path = path
        self._obey = obey
        self._complain = complain
        self._seen: tuple[int, int, int] | None = (0, 0, 0)
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Watch of {self._path}>"

    def start(self) -> None:
        """Look now and every second, on the running loop."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.start)
        self.look()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Read the file, if it is another one than the last time."""
        try:
            found = os.stat(self._path)
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        except OSError:
            seen = None
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._obey(read_control(self._path))
        except ConfigError as error:
            self._complain(error)
