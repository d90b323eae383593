"""What outlasts a Delivery: the parts that live as long as the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .._core.gate import Gates
from .._core.ring import Ring
from .._core.settings import Settings
from .._hooks.hooks import Hooks
from .._spool.disk import Disk
from ..typing import Clock, Store
from .channels import Channels
from .dead_letters import DeadLetters

__all__ = ["Lasting"]


class Lasting(NamedTuple):
    """The engine makes it once. ``chance`` gives numbers in [0, 1); ``target`` is which
    store it is, for the spool on the ``disk``."""

    settings: Settings
    store: Store
    ring: Ring
    channels: Channels
    gates: Gates
    hooks: Hooks
    dead_letters: DeadLetters
    clock: Clock
    chance: Callable[[], float]
    disk: Disk | None
    target: str
