"""For tests: virtual time, stores and disks in memory that fail by a script, and the emulator.

Together they run a pipeline's whole life, with faults, in milliseconds, and again in the same way
from one integer::

    async def main(loop):
        store = MemoryStore(latency=0.02)
        pipeline = Pipeline(store, _seams=Seams(clock=VirtualClock(loop)))
        async with pipeline:
            pipeline.collector("m", feature_names=["a"]).collect([1.0])
            await asyncio.sleep(3600)                   # an hour passes in no time

    run_virtual(main)

When nothing is ready the loop jumps to its next timer, to the timer's exact value: adding up
differences would round, and never arrive.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ._config.build import open_store
from ._config.seams import Seams
from ._disks.memory.disk import DiskProcess, MemoryDisk
from ._disks.memory.faults import Crashed, DiskCall, DiskFault
from ._public import publish
from .stores.azure.target import EMULATOR_ACCOUNT, EMULATOR_KEY
from .stores.memory import Fault, FaultKind, FaultName, MemoryStore, Operation, OperationName

__all__ = [
    "EMULATOR_ACCOUNT",
    "EMULATOR_KEY",
    "Crashed",
    "DiskCall",
    "DiskFault",
    "DiskProcess",
    "Fault",
    "FaultKind",
    "FaultName",
    "MemoryDisk",
    "MemoryStore",
    "Operation",
    "OperationName",
    "Seams",
    "VirtualClock",
    "VirtualLoop",
    "emulator_connection_string",
    "open_store",
    "run_virtual",
]

publish(__name__, Crashed, DiskCall, DiskFault, DiskProcess, MemoryDisk, Seams)
publish(__name__, Fault, FaultKind, Operation, open_store)

_T = TypeVar("_T")


def emulator_connection_string(address: str, *, scheme: str = "http") -> str:
    """The connection string of the Azurite emulator at ``address``, such as "127.0.0.1:10000".

    Its account and key are the published ones, which are no secret. ``scheme``: http or https.
    """
    return (
        f"DefaultEndpointsProtocol={scheme};AccountName={EMULATOR_ACCOUNT};"
        f"AccountKey={EMULATOR_KEY};BlobEndpoint={scheme}://{address}/{EMULATOR_ACCOUNT};"
    )


# A cancelled task can start another one at its end, but not without limit.
ROUNDS = 10


class _Jump(selectors.DefaultSelector):
    """Instead of waiting for the network, lets the time pass."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError(
                "virtual time cannot advance: every task waits, and none waits for a timer"
            )
        if timeout > 0:
            self.loop.jump()
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without a network, whose ``time()`` jumps from timer to timer.

    ``after_step`` is called after each iteration: the place to check what must always hold.
    ``begin`` is the time that it starts at, in seconds.
    """

    def __init__(self, *, begin: float = 0.0) -> None:
        self._now = begin
        selector = _Jump()
        super().__init__(selector)
        selector.loop = self
        self._clock_resolution = 1e-9
        self.after_step: Callable[[], None] | None = None

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def pause(self, seconds: float) -> None:
        """Let time pass while nothing runs: a blocked loop, or a suspended machine."""
        self._now += seconds

    def jump(self) -> None:
        """Go to the next timer's moment."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        self._now = max(self._now, scheduled[0]._when)

    def _write_to_self(self) -> None:
        """There is no selector to wake: everything runs in one thread."""

    def _run_once(self) -> None:
        super()._run_once()  # type: ignore[misc]
        if self.after_step is not None:
            self.after_step()


class VirtualClock:
    """The clock of a VirtualLoop; ``epoch`` is its wall time at the start, seconds since 1970."""

    def __init__(self, loop: VirtualLoop, *, epoch: float = 1_700_000_000.0) -> None:
        self._loop = loop
        self._epoch_ns = round(epoch * 1e9)

    def __repr__(self) -> str:
        return f"<VirtualClock at {self.monotonic()} s>"

    def shift(self, seconds: float) -> None:
        """Set the wall clock forward or, below 0, back; the monotonic clock stays as it is."""
        self._epoch_ns += round(seconds * 1e9)

    def time_ns(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return self._epoch_ns + round(self._loop.time() * 1e9)

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()


def run_virtual(main: Callable[[VirtualLoop], Coroutine[Any, Any, _T]]) -> _T:
    """Run ``main(loop)`` to its end on a new VirtualLoop, cancel what is left, close the loop."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop))
    finally:
        loop.after_step = None
        for _ in range(ROUNDS):
            left = asyncio.all_tasks(loop)
            if not left:
                break
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
