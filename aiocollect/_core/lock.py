"""The lock of what several threads change on the scoring path, where the native core does not run.

It is re-entrant, since whoever comes in on the thread that holds it (a signal handler, a tracer)
must not wait for itself. That one finds it held instead, and changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["new_lock"]


def new_lock() -> tuple[Any, Callable[[], bool]]:
    """A lock, and whether the thread that asks holds it."""
    lock: Any = threading.RLock()
    return lock, lock._is_owned
