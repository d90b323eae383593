"""Calls the hooks of users with every event.

A hook that raises is counted and otherwise ignored: user code must never stop the pump. An
interrupt that arrives during a hook is raised after the engine's step has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..events import Event
from ..typing import Hook
from .log import LogHook
from .recent import RecentHook

__all__ = ["Hooks", "pass_on"]


class Hooks:
    """Calls each hook with each event; counts what they raise."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self.errors = 0

    def __repr__(self) -> str:
        return f"<Hooks {len(self._hooks)}, {self.errors} errors>"

    def renew(self) -> None:
        """In a forked child."""
        for hook in self._hooks:
            if isinstance(hook, LogHook | RecentHook):
                hook.renew()

    def emit(self, event: Event) -> None:
        """Call all hooks. If no loop runs here, raises an interrupt after the last one."""
        interrupt = None
        for hook in self._hooks:
            try:
                hook(event)
            except (KeyboardInterrupt, SystemExit) as error:
                interrupt = error
            except BaseException:  # a hook can raise anything, as if foreign code had cancelled it
                self.errors += 1
        if interrupt is not None:
            pass_on(interrupt)


def pass_on(interrupt: BaseException) -> None:
    """Raise an interrupt when the loop's step has ended, or at once if no loop runs here: a lane's
    step must not end half-way, or its rows would never move again."""

    def strike() -> None:
        raise interrupt

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise interrupt from None
    loop.call_soon(strike)
