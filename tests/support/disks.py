"""Disks for tests: real files, and calls that fail or hang as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from aiocollect._disks.local import LocalDisk
from aiocollect._spool.disk import Line

_T = TypeVar("_T")


class InlineDisk(LocalDisk):
    """Real files, and no thread: what it does apart, it does at the loop's next turn. ``broken`` is
    raised by everything that is done apart."""

    broken: OSError | None = None

    def apart(
        self, work: Callable[[], _T], then: Callable[[_T | OSError], None], *, line: Line = "own"
    ) -> None:
        def run() -> None:
            answer: _T | OSError
            try:
                if self.broken is not None:
                    raise self.broken
                answer = work()
            except OSError as error:
                answer = error
            then(answer)

        asyncio.get_running_loop().call_soon(run)


class Struck:
    """Whatever it stands for; ``strike`` is called before each call, with its name and the path."""

    def __init__(self, real: Any, path: str, strike: Callable[[str, str], None]) -> None:
        self._real = real
        self._path = path
        self._strike = strike

    def __getattr__(self, name: str) -> Any:
        real, path, strike = getattr(self._real, name), self._path, self._strike
        if not callable(real):
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            within = f"{path}/{arguments[0]}" if name in ("open", "remove") else path
            strike(name, within)
            found = real(*arguments, **named)
            return Struck(found, within, strike) if name == "open" else found

        return call


class Striking(LocalDisk):
    """Before each call, of the disk, of a locked directory or of a file in it, ``strike`` is called
    with its name and path: it may raise, or block. A path of a file ends with .rows, or slots."""

    def strike(self, call: str, path: str) -> None:
        """Nothing, until a test puts something else here."""

    def lock(self, path: str) -> Any:
        self.strike("lock", path)
        found = super().lock(path)
        return None if found is None else Struck(found, path, lambda *what: self.strike(*what))

    def make_directory(self, path: str) -> None:
        self.strike("make_directory", path)
        super().make_directory(path)

    def names(self, path: str) -> list[str]:
        self.strike("names", path)
        return super().names(path)


class StruckDisk(Striking, InlineDisk):
    """Without a thread."""
