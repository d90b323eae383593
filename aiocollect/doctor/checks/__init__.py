"""The checks: each a pure function from the facts to what it found; ``CHECKS`` is their order.

tests/unit/doctor has their table: facts, state, words of the line, words of the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ..diagnosis import CheckResult
from ..facts import Facts
from .access import account, container, credential, rights
from .files import paths
from .machine import core, limits, options, packages, python, switch, variables
from .network import network
from .writing import clean, condition, read_back, speed, write

__all__ = ["CHECKS", "Check", "judge"]

Check: TypeAlias = Callable[[Facts], Iterator[CheckResult]]

CHECKS: Final[tuple[Check, ...]] = (
    *(python, packages, core, limits),
    *(variables, options, switch, paths),
    *(network, credential, container, rights, account),
    *(write, condition, read_back, speed, clean),
)


def judge(facts: Facts) -> tuple[CheckResult, ...]:
    """All results, in the order of the checks."""
    return tuple(result for check in CHECKS for result in check(facts))
