"""A line: one thread that works through what it is given, in that order.

It is a daemon thread, not an executor's. At the interpreter's exit executors accept no more work
and no thread can be started, but a running daemon thread continues to the very end. And a file
system that hangs must not keep its process from exiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["ThreadLine", "is_interpreter_ending", "within"]

_Work = Callable[[], None]


class ThreadLine:
    """Starts its thread with the first work. The thread ends after ``end``, or when the line is no
    longer referenced."""

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
        """Have ``work`` done after everything that was put before. False: no thread can be
        started."""
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
        """Let the thread end once everything put is done. A later ``put`` starts another one."""
        if self._thread is not None:
            self._waiting.put(None)
            self._waiting = SimpleQueue()
            self._thread = None


def is_interpreter_ending() -> bool:
    """Whether the main thread has ended, so that exit handlers run and no thread can be started."""
    return not threading.main_thread().is_alive()


def within(seconds: float, work: _Work) -> None:
    """Do ``work``, and wait for it at most ``seconds``; after that it continues alone, and its end
    is not reported. Raises what ``work`` raises in time."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="aiocollect-disk-check", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread can be started: see ThreadLine.put
        return
    thread.join(seconds)
    if raised:
        raise raised[0]


def _do(waiting: SimpleQueue[_Work | None]) -> None:
    while (work := waiting.get()) is not None:
        work()
        del work  # references to it must not live until the next one
