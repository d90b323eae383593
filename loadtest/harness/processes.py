"""Processes that begin at one moment, and what a process costs. Children are testkit's.

Those that are to begin together say when they are ready, and wait for the word to go: a moment of
the monotonic clock, which all processes share. What they take to start is in no figure.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from testkit.child import Child, heard, say

__all__ = [
    "Pauses",
    "before_others",
    "cpu_of",
    "cpu_seconds",
    "finish",
    "go",
    "go_at",
    "keep_back",
    "main_thread",
]

# From the word to the moment: for it to reach all of them.
_LEAD: Final = 0.25
# The niceness of who goes after the others, and the real-time priority of who goes before all.
_BEHIND: Final = 10
_BEFORE: Final = 10


async def go(children: Iterable[Child], *, timeout: float) -> float:
    """The moment at which all begin: when all were ready they were told. Raises ChildFailed."""
    waiting = list(children)
    for child in waiting:
        await child.hear("ready", timeout=timeout)
    begin = time.monotonic() + _LEAD
    for child in waiting:
        await child.tell(begin=begin)
    return begin


async def finish(child: Child, *, timeout: float) -> dict[str, Any]:
    """SIGTERM; what it says at its end. Raises ChildFailed."""
    child.terminate()
    said = await child.hear("ended", timeout=timeout)
    await child.ended(timeout=timeout)
    return said


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken: utime and stime of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_back(pid: int, core: int) -> None:
    """Have all threads of a process run on one core, and there after the others.

    The emulator works for ten and more milliseconds on a block, which otherwise are in the
    latencies of whoever shares its core: the load, or the server that is measured."""
    for thread in map(int, os.listdir(f"/proc/{pid}/task")):
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(thread, {core})
        if os.sched_getscheduler(thread) != os.SCHED_OTHER:  # inherited: see --before-others
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, thread, _BEHIND)


def before_others() -> str:
    """Have this process and its children go before all others of the machine, whose work is in no
    latency then. Why that may not be, or ""."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_BEFORE))
    except OSError as error:
        return f"the kernel refuses a real-time priority ({error.strerror}): run it as root"
    return ""


# In the child ---------------------------------------------------------------------------------


async def go_at() -> float:
    """Be ready; the moment of the monotonic clock to begin at."""
    say(ready=True)
    return float((await asyncio.to_thread(heard))["begin"])


def cpu_seconds() -> float:
    """Of this process, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main_thread() -> tuple[float, float]:
    """Seconds that this process's main thread ran, and that it waited for a processor although it
    could have run (proc(5), schedstat); zeros where the kernel does not count them."""
    try:
        words = Path(f"/proc/self/task/{os.getpid()}/schedstat").read_text().split()
    except OSError:
        return 0.0, 0.0
    return int(words[0]) / 1e9, int(words[1]) / 1e9


class Pauses:
    """Seconds that the garbage collector has taken in this process, from now on."""

    def __init__(self) -> None:
        self.total = 0.0
        self._began = 0.0
        gc.callbacks.append(self._seen)

    def __repr__(self) -> str:
        return f"<Pauses {self.total:.3f} s>"

    def _seen(self, phase: str, _: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._began = now
        else:
            self.total += now - self._began
