"""Processes under test in which much happens at once: threads, forks, finalizers, signals.

``python -m tests.chaos.concurrent_worker KIND``; see worker.py for the task.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import itertools
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from aiocollect import Pipeline

from .worker import Producers, Task

# Names that no other producer has, from finalizers and signal handlers that interrupt each other:
# a call on it cannot be interrupted in CPython.
_numbers = itertools.count()


# Forks ----------------------------------------


def _child(task: Task, producers: Producers, pipeline: Pipeline, number: int, way: str) -> None:
    """Rows of the child's own, on the pipeline of its parent's making, and its report."""
    name = f"{task.name}.child{number}"
    if way == "loop":

        async def work() -> None:
            for turn in range(6):
                producers.give(f"{name}.{turn % 2}", turn)
                await asyncio.sleep(0)
            task.journal.report(await pipeline.aclose())

        asyncio.run(work())
        return
    threads = [
        threading.Thread(
            target=lambda n=n: [producers.give(f"{name}.{n}", turn) for turn in range(4)]
        )
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    task.journal.report(pipeline.close())


def _forked(task: Task, producers: Producers, pipeline: Pipeline, number: int, way: str) -> int:
    """Fork; the child's pid."""
    if way == "process":
        process = multiprocessing.get_context("fork").Process(
            target=_child, args=(task, producers, pipeline, number, "threads")
        )
        process.start()
        assert process.pid is not None
        return process.pid
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        _child(task, producers, pipeline, number, way)
        code = 0
    except BaseException as error:
        sys.stderr.write(f"Traceback of a child: {error!r}\n")
    finally:
        os._exit(code)


# Seconds: a child that has not ended by then hangs, however slow the machine is.
PATIENCE = 75.0


def _reap(alive: dict[int, float], *, most: int) -> list[str]:
    """Wait until at most so many children live; what is wrong with those that ended."""
    wrong = []
    while len(alive) > most:
        for child, began in list(alive.items()):
            try:
                pid, status = os.waitpid(child, os.WNOHANG)
            except ChildProcessError:  # multiprocessing has waited for it
                pid, status = child, 0
            if pid:
                del alive[child]
                if status:
                    wrong.append(f"a child ended with {os.waitstatus_to_exitcode(status)}")
            elif time.monotonic() - began > PATIENCE:
                os.kill(child, signal.SIGABRT)  # with faulthandler: says where it hangs
                os.waitpid(child, 0)
                del alive[child]
                wrong.append("a child hung")
        time.sleep(0.002)
    return wrong


def run_forks(task: Task) -> None:
    """Forks in the middle of everything: four threads collect while the main one forks."""
    faulthandler.enable()
    pipeline = task.pipeline(host=task.options["host"])
    producers = Producers(task, pipeline)
    ended = threading.Event()

    def produce(number: int) -> None:
        for turn in itertools.count():
            if ended.is_set():
                return
            producers.give(f"{task.name}.{number}", turn)
            time.sleep(0.001)

    threads = [threading.Thread(target=produce, args=(n,)) for n in range(4)]

    def fork() -> list[str]:
        chance = random.Random(task.options["seed"])
        alive: dict[int, float] = {}
        wrong: list[str] = []
        for number in range(task.options["forks"]):
            time.sleep(chance.uniform(0.0, 0.02))
            # A child of a pipeline on the caller's loop needs a loop of its own.
            way = (
                "loop" if task.options["host"] == "loop" else chance.choice(["threads", "process"])
            )
            child = _forked(task, producers, pipeline, number, way)
            alive[child] = time.monotonic()
            wrong += _reap(alive, most=3)
        return wrong + _reap(alive, most=0)

    for thread in threads:
        thread.start()
    if task.options["host"] == "loop":

        async def host() -> list[str]:
            async with pipeline:
                # From the loop's own thread every other time: the worst place.
                wrong = await asyncio.to_thread(fork)
                ended.set()
                return wrong

        wrong = asyncio.run(host())
    else:
        wrong = fork()
    ended.set()
    for thread in threads:
        thread.join()
    task.journal.report(pipeline.close())
    task.journal.note(wrong=wrong)


# Threads, tasks, finalizers, signals ----------------------------------------


class Falling:
    """In a cycle, so that the collector of garbage finds it, anywhere; then it collects a row."""

    def __init__(self, producers: Producers) -> None:
        self.producers = producers
        self.me = self

    def __del__(self) -> None:
        self.producers.give(f"gc{next(_numbers)}.0", 0, rows=1)


async def _task(task: Task, producers: Producers, number: int, turns: int) -> None:
    for turn in range(turns):
        if turn % 2:
            producers.give(f"{task.name}.task.{number}", turn)
        else:
            await producers.give_waiting(f"{task.name}.task.{number}", turn)
        await asyncio.sleep(0)


def run_threads(task: Task) -> None:
    """Eight threads and a thousand tasks, garbage in cycles, and a signal every 3 ms."""
    pipeline = task.pipeline(host=task.options["host"])
    producers = Producers(task, pipeline)
    turns = task.options["turns"]

    def strike(*_: int | FrameType | None) -> None:
        producers.give(f"signal{next(_numbers)}.1", 0, rows=1)

    def produce(number: int) -> None:
        for turn in range(turns * 25):
            producers.give(f"{task.name}.thread.{number}", turn)
            Falling(producers)

    async def crowd() -> None:
        await pipeline.start()
        threads = [threading.Thread(target=produce, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        await asyncio.gather(
            *(_task(task, producers, n, turns) for n in range(task.options["tasks"]))
        )
        for thread in threads:
            await asyncio.to_thread(thread.join)
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.collect()
        task.journal.report(await pipeline.aclose())

    gc.set_threshold(50, 2, 2)
    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    asyncio.run(crowd())


KINDS: dict[str, Any] = {"forks": run_forks, "threads": run_threads}


if __name__ == "__main__":
    KINDS[sys.argv[1]](Task())
