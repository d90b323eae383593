"""How much the pump takes in one turn, and what is between two turns: on the host's loop and on a
thread of our own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from aiocollect import Pipeline
from aiocollect._engine.driver import Driver
from aiocollect._engine.loop_binding import LoopBinding
from aiocollect._engine.loop_thread import LoopThread
from aiocollect.testing import MemoryStore
from aiocollect.typing import Piece, Schema


class Counting:
    """Writes a letter a row, and counts the rows of each run."""

    content_type = "text/plain"
    extension = "txt"

    def __init__(self) -> None:
        self.runs: list[int] = []

    def header(self, schema: Schema) -> bytes:
        """None."""
        return b""

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One run."""
        rows = sum(len(piece.rows) for piece in pieces)
        self.runs.append(rows)
        return [b"x\n"] * rows


def test_slices_on_the_hosts_loop() -> None:
    """256 rows a turn, since each turn costs something."""
    encoder = Counting()

    async def main() -> None:
        async with Pipeline(MemoryStore(), format=encoder) as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            assert collector.collect([[1.0]] * 1000)

    asyncio.run(main())
    assert encoder.runs == [256, 256, 256, 232]


def test_slices_on_a_thread_of_its_own() -> None:
    """32 rows a turn, since a host that wakes meanwhile waits for its end; of wide rows fewer, for
    the bytes are cut in the same proportion: 16 KiB by their estimate, and one row at least."""
    encoder = Counting()
    pipeline = Pipeline(MemoryStore(), host="thread", format=encoder)
    collector = pipeline.collector("m", feature_names=["a"])
    assert collector.collect([[1.0]] * 100)
    assert collector.collect([["x" * 12_000]] * 4)
    assert collector.collect([["x" * 50_000]] * 2)
    report = pipeline.close()
    assert report.stored == 106
    assert encoder.runs[:3] == [32, 32, 32]
    assert max(encoder.runs[4:]) == 1


class Turns:
    """An engine whose turns ask for these waits, one after the other; ``end`` is called where one
    is None."""

    def __init__(
        self, waits: list[float | None], end: Callable[[], object], told: list[str]
    ) -> None:
        self._waits = iter(waits)
        self._end = end
        self._told = told

    def turn(self) -> float | None:
        self._told.append("turn")
        wait = next(self._waits)
        if wait is None:
            self._end()
        return wait

    def arrive(self, again: bool) -> None:
        pass

    def rest(self) -> None:
        self._told.append("rest")


def test_a_rest_is_before_a_turn_at_once_alone() -> None:
    """Where the next turn waits for a timer or a wake anyway, the loop does not stand still."""
    told: list[str] = []

    async def main() -> None:
        end = asyncio.Event()
        turns = Turns([0.0, 0.0, 0.000_001, 0.0, None], end.set, told)
        Driver(asyncio.get_running_loop(), turns, thread=turns).wake()
        await end.wait()

    asyncio.run(main())
    assert told == ["turn", "rest", "turn", "rest", "turn", "turn", "rest", "turn"]


def test_our_thread_rests_and_no_other() -> None:
    """The host's loop never sleeps for us; our thread does, on itself."""
    resting: list[str] = []
    done = threading.Event()

    class Recorded(LoopThread):
        def rest(self) -> None:
            resting.append(threading.current_thread().name)
            super().rest()

    thread = Recorded(asyncio.new_event_loop)
    binding = LoopBinding(thread, Turns([0.0, 0.0, 0.0, None], done.set, []))
    binding.start()
    assert done.wait(10)
    binding.end()
    assert resting == ["aiocollect"] * 3

    async def main() -> None:
        here = asyncio.Event()
        LoopBinding(None, Turns([0.0, 0.0, None], here.set, [])).start()
        await here.wait()

    asyncio.run(main())
    assert len(resting) == 3
