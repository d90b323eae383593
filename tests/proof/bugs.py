"""Shards of the bug zoo: each is one mutant, or one suite on the code without a bug."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Final

from testkit.emulator import EmulatorMissing, missing
from tests.zoo.catalogue import ALL
from tests.zoo.run import control, judge
from tests.zoo.suites import SUITES

from .code import closure, digest
from .simulated import Begin
from .tally import Tally

__all__ = ["caught", "mutants"]

_CONTROL: Final = "without a bug: "
_MUTANTS: Final = {mutant.name: mutant for mutant in ALL}


@cache
def mutants() -> tuple[str, ...]:
    """All mutants, and the suites without one. A name ends with a digest of the mutant and of what
    must catch it, so that a new or changed one is missing, and no other."""
    found = [f"{mutant.name} #{_digest(mutant.suites, str(mutant))}" for mutant in ALL]
    used = {suite for mutant in ALL for suite in mutant.suites}
    return (
        *found,
        *(f"{_CONTROL}{name} #{_digest((name,), '')}" for name in SUITES if name in used),
    )


def caught(item: str, begin: Begin) -> Tally:
    """A mutant must be caught by its word, and a suite must pass where there is none."""
    obstacle = missing()
    if obstacle:
        raise EmulatorMissing(obstacle)
    name, _, _ = item.rpartition(" #")
    begin(name)
    # Each mutant has the core that it shows on.
    os.environ.pop("AIOCOLLECT_NATIVE", None)
    began = time.perf_counter()
    tally = Tally(1)
    if name.startswith(_CONTROL):
        ((_, found),) = control([name.removeprefix(_CONTROL)])
        tally.count("zoo", {"suites without a bug": 1})
        if found:
            tally.fail(name, found)
    else:
        verdict = judge(_MUTANTS[name])
        tally.count("zoo", {verdict.kind or verdict.state: 1})
        if verdict.state != "caught":
            tally.fail(name, f"{verdict.state}: {verdict.finding}")
    tally.seconds = time.perf_counter() - began
    return tally


def _digest(suites: tuple[str, ...], more: str) -> str:
    targets = [SUITES[name].target.partition("::")[0] for name in suites]
    return digest(closure(targets), more=more)[:8]
