"""The side thread: it works in order, and ends with its pipeline."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

from aiocollect import MemoryStore, Pipeline
from aiocollect._threads.line import ThreadLine
from aiocollect._threads.loops import loop_maker, run, running_loop
from aiocollect._threads.side_thread import SideThread

# Longer than any thread takes to end, and shorter than the test's own limit.
PATIENCE = 30


def side_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "aiocollect-files"]


def test_one_thing_after_another() -> None:
    """Answers come in the order asked, on the loop, and an OSError is one of them."""

    def broken() -> str:
        raise OSError("no disk")

    async def main() -> list[object]:
        side, done = SideThread(), asyncio.Event()
        found: list[object] = []
        for number in range(100):
            side.apart(partial(int, number), found.append)
        side.apart(broken, found.append)
        side.apart(running_loop, found.append)
        side.apart(int, lambda _: done.set())
        await done.wait()
        side.close()
        return found

    *numbers, error, loop = asyncio.run(main())
    assert numbers == list(range(100))
    assert isinstance(error, OSError)
    assert loop is None  # the work runs where no loop does


def test_it_ends_with_its_pipeline(tmp_path: Path) -> None:
    """A closed pipeline leaves no thread behind, whether it is still referenced or not; and its
    next life starts one again."""
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    before = set(side_threads())

    async def main() -> None:
        pipeline = Pipeline(MemoryStore(), settings_file=str(settings))
        for _ in range(2):
            async with pipeline.lifespan(None):
                (mine,) = set(side_threads()) - before
            await asyncio.to_thread(mine.join, PATIENCE)
            assert not mine.is_alive()

    asyncio.run(main())


def test_a_line_may_begin_again() -> None:
    """What was put before the end is done, and a later put starts another thread."""
    line, done = ThreadLine("line"), threading.Semaphore(0)
    for _ in range(2):
        assert line.put(done.release)
        line.end()
        assert not line.stands
    for _ in range(2):
        assert done.acquire(timeout=PATIENCE)


def test_the_loop_that_runs_here() -> None:
    """It is the running one, of the kind that ``loop_maker`` makes; and outside there is none."""

    async def main() -> object:
        assert running_loop() is asyncio.get_running_loop()
        return running_loop()

    made = loop_maker()()
    made.close()
    assert type(run(main())) is type(made)
    assert running_loop() is None
