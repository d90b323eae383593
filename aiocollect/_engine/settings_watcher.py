"""The settings watcher: reads the settings file when it changes, and sets the gates by it.

It looks once a second. A file that cannot be read or parsed changes nothing; that is reported once
per version of the file. If the file is removed, that is reported too, since from then on the
program's own settings hold. Next to the file, the watcher lists the collectors of this process, so
that ``aiocollect disable`` can check a name.

Invariants: after the first look, in the constructor, no file is touched on the event loop; a disk
that hangs delays nothing but the next look.
"""

from __future__ import annotations

import asyncio
import os

from .._core.gate import Gates
from .._core.switches import Control
from .._hooks.hooks import Hooks
from .._threads.side_thread import Aside
from ..errors import ConfigError
from ..events import SettingsRejected, SettingsRemoved
from ..settings_file import read_control, tell_collectors

__all__ = ["SettingsWatcher"]

# One stat() a second takes a few microseconds, and an operator does not notice the delay.
INTERVAL = 1.0
# After so many looks without an answer it is reported that the disk does not answer.
PATIENCE = 10
# So many looks must find the file missing: editors remove it for a moment when they save.
MISSING = 2

_Seen = tuple[int, int, int] | None


class SettingsWatcher:
    """Watches one file and sets the ``gates`` by it. The ``hooks`` get an event if it cannot be
    read or parsed, or was removed."""

    def __init__(
        self,
        path: str,
        *,
        aside: Aside,
        gates: Gates,
        hooks: Hooks,
    ) -> None:
        self._path = path
        self._aside = aside
        self._gates = gates
        self._hooks = hooks
        self._seen: _Seen = None
        self._missing = 0
        self._unanswered = 0
        self._asked = 0
        self._timer: asyncio.TimerHandle | None = None
        self._take(*self._look(None, []))

    def __repr__(self) -> str:
        return f"<SettingsWatcher of {self._path}>"

    def start(self) -> None:
        """Look now, and then every second, on the running loop."""
        self.stop()
        self._asked += 1  # answers to what another loop asked for are ignored
        self._unanswered = 0
        self._tick()

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)
        if self._unanswered:
            self._unanswered += 1
            if self._unanswered == PATIENCE:
                self._complain(f"the disk of the settings file {self._path} does not answer")
            return
        self._unanswered = 1
        self._asked += 1
        asked, seen, labels = self._asked, self._seen, self._gates.labels()

        def then(answer: tuple[_Seen, Control | ConfigError | None] | OSError) -> None:
            if asked == self._asked:
                self._unanswered = 0
                if not isinstance(answer, OSError):
                    self._take(*answer)

        self._aside.apart(lambda: self._look(seen, labels), then)

    def _look(self, seen: _Seen, labels: list[str]) -> tuple[_Seen, Control | ConfigError | None]:
        """The marks of the file as it is now, and its content; None if it has not changed. Not on
        the event loop, except for the first time."""
        tell_collectors(self._path, labels)
        try:
            found = os.stat(self._path)
            now = (found.st_ino, found.st_mtime_ns, found.st_size)
        except FileNotFoundError:
            return None, None
        except OSError as error:  # the file is there, and we may not read it
            now = (error.errno or 0, 0, 0)
        except ValueError:  # there is a NUL in its name
            now = (0, 0, 0)
        if now == seen:
            return now, None
        try:
            return now, read_control(self._path)
        except ConfigError as error:
            return now, error

    def _take(self, now: _Seen, said: Control | ConfigError | None) -> None:
        if now is None and self._seen is not None:
            self._missing += 1
            if self._missing < MISSING:
                return
            self._gates.obey(Control())
            self._hooks.emit(SettingsRemoved(holds=self._gates.summary))
        self._seen, self._missing = now, 0
        if isinstance(said, ConfigError):
            self._complain(str(said))
        elif said is not None:
            self._gates.obey(said)

    def _complain(self, reason: str) -> None:
        self._hooks.emit(SettingsRejected(reason=reason))
