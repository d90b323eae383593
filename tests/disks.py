"""A disk for tests without threads: what it does apart, it does at the loop's next turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiocollect.stores.local_disk import LocalDisk

_T = TypeVar("_T")


class InlineDisk(LocalDisk):
    """Real files, and no thread. ``broken`` is raised by everything that is done apart."""

    broken: OSError | None = None

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
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
