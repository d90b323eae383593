"""The forms in which a table comes to collect(), of every package that users have one from.

A form makes of a logical table what a user would give, or None where it cannot hold it: where the
package itself rounds, or has no such type. What a form cannot hold is said beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

from ..tables import Table

__all__ = ["FORMS", "POSITIONAL", "Form", "form", "shuffled"]

Form = Callable[[Table, Random], Any]
FORMS: Final[dict[str, Form]] = {}
# Those without names: order counts.
POSITIONAL: Final[set[str]] = set()


def form(*, positional: bool = False) -> Callable[[Form], Form]:
    """Register a form under its own name."""

    def register(make: Form) -> Form:
        name = make.__name__.strip("_").replace("_", " ")
        assert name not in FORMS
        FORMS[name] = make
        if positional:
            POSITIONAL.add(name)
        return make

    return register


def shuffled(names: Iterable[str], random: Random) -> list[str]:
    """The names in another order: they decide, and not their places."""
    found = list(names)
    random.shuffle(found)
    return found
