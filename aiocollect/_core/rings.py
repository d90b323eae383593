"""Which ring, ids and shares of the budget a pipeline has: the native core's, or Python's.

The one place that makes them. The Python classes are the definition, and the types by which
everybody else knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from .._native import core
from ..context import in_force
from .ids import Ids
from .ring import Account, Ring

__all__ = ["is_native", "new_account", "new_ids", "new_ring"]

if core is not None:
    core.set_context(in_force)


def is_native(ring: Ring) -> bool:
    """Whether the native core holds the calls, and encodes them."""
    return core is not None and isinstance(ring, core.Ring)


def new_ring(
    slots: int, *, budget: int, time_ns: Callable[[], int] | None, wake: Callable[[], None]
) -> Ring:
    """A ring that wakes the pump; ``time_ns`` stamps its calls, None: the machine's clock."""
    if core is None:
        return Ring(slots, budget=budget)
    ring = core.Ring(slots, budget=budget)
    ring.wake = wake
    if time_ns is not None:
        ring.clock = time_ns
    return cast(Ring, ring)


def new_ids(ring: Ring, writer: str) -> Ids:
    """The ids of one writer, for all calls that go through the ring."""
    if core is None:
        return Ids(writer, lock=ring.lock)
    ids = core.Ids(writer)
    ring.ids = ids  # type: ignore[attr-defined]
    return cast(Ids, ids)


def new_account(share: int) -> Account:
    """A share of the budget, in bytes."""
    return Account(share=share) if core is None else cast(Account, core.Account(share=share))
