"""Which ring, ids and shares of the budget a pipeline has: the native core's, or Python's.

The Python classes are the definition, and the types by which everybody else knows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from .._native import stands_in
from ..context import in_force
from .ids import Ids
from .ring import Account, Ring

__all__ = ["is_native", "new_account", "new_ids", "new_ring"]

_Ring: Any = stands_in("Ring", Ring)
_Ids: Any = stands_in("Ids", Ids)
_Account: Any = stands_in("Account", Account)
# The core asks itself which correlation() is in force.
stands_in("set_context", lambda _variable: None)(in_force)


def is_native(ring: Ring) -> bool:
    """Whether the native core holds the calls, and encodes them."""
    return not isinstance(ring, Ring)


def new_ring(
    slots: int, *, budget: int, time_ns: Callable[[], int] | None, wake: Callable[[], None]
) -> Ring:
    """A ring that wakes the pump; ``time_ns`` stamps its calls, None: the machine's clock."""
    ring = _Ring(slots, budget=budget)
    if is_native(ring):
        ring.wake = wake
        if time_ns is not None:
            ring.clock = time_ns
    return cast(Ring, ring)


def new_ids(ring: Ring, writer: str) -> Ids:
    """The ids of one writer, for all calls that go through the ring."""
    if not is_native(ring):
        return Ids(writer, lock=ring.lock)
    ids = _Ids(writer)
    ring.ids = ids  # type: ignore[attr-defined]
    return cast(Ids, ids)


def new_account(share: int) -> Account:
    """A share of the budget, in bytes."""
    return cast(Account, _Account(share=share))
