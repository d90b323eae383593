"""Public names: a class or function says that it lives where users import it from.

So ``help()``, tracebacks and pickles show ``aiocollect.Limits``, and not the module in which it is
written, which may change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["publish"]


def publish(module: str, *things: type | Callable[..., Any]) -> None:
    """Let them say that they are of this module, which must export them."""
    for thing in things:
        thing.__module__ = module
