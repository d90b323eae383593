"""How much the pump takes in one turn, and what is between two turns: on the host's loop and on a
thread of our own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

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


def test_a_rest_is_before_a_turn_at_once_alone() -> None:
    """Where the next turn waits for a timer or a wake anyway, the loop does not stand still."""
    told: list[str] = []
    waits: list[float | None] = [0.0, 0.0, 0.000_001, 0.0, None]

    async def main() -> None:
        end = asyncio.Event()

        def turn() -> float | None:
            told.append("turn")
            wait = waits[told.count("turn") - 1]
            if wait is None:
                end.set()
            return wait

        Driver(asyncio.get_running_loop(), turn, rest=lambda: told.append("rest")).wake()
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

    turns = iter([0.0, 0.0, 0.0])

    def turn() -> float | None:
        wait = next(turns, None)
        if wait is None:
            done.set()
        return wait

    thread = Recorded(asyncio.new_event_loop)
    host = LoopBinding(thread, turn=turn, arrive=lambda again: None)
    host.start()
    assert done.wait(10)
    host.end()
    assert resting == ["aiocollect"] * 3

    async def main() -> None:
        here = asyncio.Event()
        turns = iter([0.0, 0.0])

        def turn() -> float | None:
            wait = next(turns, None)
            if wait is None:
                here.set()
            return wait

        LoopBinding(None, turn=turn, arrive=lambda again: None).start()
        await here.wait()

    asyncio.run(main())
    assert len(resting) == 3
