"""A line: a thread that does one thing after the other, in the order asked.

A daemon thread, and none of an executor's: at the interpreter's exit executors take no more work,
and new threads cannot be started, but a thread that stands goes on until the very end. And a file
system that hangs must not keep its process from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["ThreadLine", "within"]

_Work = Callable[[], None]


class ThreadLine:
    """Makes its thread with the first work; the thread ends with ``end``, or when the line is
    forgotten."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<ThreadLine {self._name} {'without' if self._thread is None else 'with'} a thread>"

    def __del__(self) -> None:
        # The thread knows the queue, not the line.
        self.end()

    @property
    def stands(self) -> bool:
        """Whether there is a thread."""
        return self._thread is not None

    def put(self, work: _Work) -> bool:
        """Have it done, after all that was put before. False: no thread can be started."""
        if self._thread is None:
            thread = threading.Thread(
                target=_do, args=(self._waiting,), name=self._name, daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the interpreter exits, or the system's limit is reached
                return False
            self._thread = thread
        self._waiting.put(work)
        return True

    def end(self) -> None:
        """Let the thread end, once all that was put is done."""
        if self._thread is not None:
            self._waiting.put(None)
            self._waiting = SimpleQueue()
            self._thread = None


def within(seconds: float, work: _Work) -> None:
    """Do it, and wait for it no longer than that: then it goes on by itself, and nobody hears of
    it. Raises what it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="aiocollect-disk-check", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # none can be started: see ThreadLine.put
        return
    thread.join(seconds)
    if raised:
        raise raised[0]


def _do(waiting: SimpleQueue[_Work | None]) -> None:
    while (work := waiting.get()) is not None:
        work()
        del work  # what it holds must not wait for the next one
