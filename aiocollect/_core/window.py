"""The window: what several threads read and then write, they do one at a time.

One lock for all of a pipeline's windows: slots and budget (ring.py), ids and times (ids.py). It is
re-entrant, since a signal handler that collects must not wait for the very call that it has
interrupted. But then the lock alone says too little: the handler holds it, and what it stands in
may be half written. So whoever is between reading and writing says so (``inside``), and who comes
to that on the same thread leaves everything as it is.

That happens under a tracer that is written in Python alone, or where one lets a handler in: nothing
is called in a window, and without a call CPython runs nobody else's code on this thread.
"""

from __future__ import annotations

import threading

__all__ = ["Window"]


class Window:
    """``inside`` is read and written by who holds the ``lock``."""

    __slots__ = ("inside", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.inside = False

    def __repr__(self) -> str:
        return f"<Window {'in use' if self.inside else 'free'}>"

    def nested(self) -> bool:
        """Whether we came from inside of a window that this thread has not left yet.

        For who holds the lock, once, and has found somebody inside. Where there is nobody beneath,
        an exception struck while a window was left, and it is free again.
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
        """In a child process: a thread of the parent may have held it."""
        self.lock = threading.RLock()
        self.inside = False
