"""The window: code that only one thread at a time may run, between reading and writing.

One lock for all windows of a pipeline: slots and budget (ring.py), ids and times (ids.py). It is
re-entrant, since a signal handler that collects must not wait for the very call that it has
interrupted. So holding the lock is not enough: a handler holds it, and what it finds can be half
written. Therefore code in a window sets ``inside``, and code that finds it set, on the same thread,
changes nothing.

That happens under a tracer that is written in Python, or where a tracer lets a signal handler in:
nothing is called in a window, and without a call CPython runs no other code on this thread.
"""

from __future__ import annotations

import threading

__all__ = ["Window"]


class Window:
    """``inside`` is read and written only with the ``lock`` held."""

    __slots__ = ("inside", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.inside = False

    def __repr__(self) -> str:
        return f"<Window {'in use' if self.inside else 'free'}>"

    def nested(self) -> bool:
        """Whether the caller was called from inside a window that this thread has not left yet.

        To be asked with the lock held once, and ``inside`` found set. If the answer is no, an
        exception was raised while a window was left, and it is free again.
        """
        lock = self.lock
        lock.release()
        try:
            beneath: bool = lock._is_owned()  # type: ignore[attr-defined]
        finally:
            lock.acquire()
        if not beneath:
            self.inside = False
        return beneath

    def renew(self) -> None:
        """In a child process: a thread of the parent can have held the lock."""
        self.lock = threading.RLock()
        self.inside = False
