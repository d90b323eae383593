"""The long form: ``python -m tests.chaos --terms 200 --kills 500 --forks 200``.

Prints a line for each scenario; ends with 1 where a promise was broken. ``late`` counts ends that
took longer than promised: told, and not judged, since the machine may have been busy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from testkit.emulator import Emulator, EmulatorMissing, emulator

from .concurrency import HOSTS as SIDES
from .concurrency import forks, threads
from .outages import FULL, HUNGRY, MIB, block, freeze, full_disk, hunger, interrupt
from .sigkills import kills
from .sigterms import HOSTS, terms
from .stage import DOWN, Result

Scenario: TypeAlias = Callable[[Emulator], Result]


def scenarios(given: argparse.Namespace) -> Iterator[Scenario]:
    """All of them, in an order in which the quick ones come first."""
    seed: int = given.seed
    few = max(1, given.terms // 10)
    for disk in FULL:
        yield partial(full_disk, disk=disk, seed=seed)
    yield partial(interrupt, count=few, seed=seed)
    yield partial(block, count=max(1, few // 2), seconds=given.blocked, seed=seed)
    yield partial(freeze, count=few, seed=seed)
    for host in SIDES:
        yield partial(forks, host=host, count=given.forks, seed=seed)
        yield partial(threads, host=host, turns=given.turns, tasks=1000, seed=seed)
    for kind, when_full in [*((kind, "shed_newest") for kind in HUNGRY), ("plain", "shed_oldest")]:
        yield partial(
            hunger,
            kind=kind,
            seconds=given.outage,
            budget=given.budget * MIB,
            when_full=when_full,
        )
    for host in HOSTS:
        yield partial(terms, host=host, count=given.terms, seed=seed)
        for way in DOWN:
            yield partial(terms, host=host, count=few, seed=seed, down=way)
            if given.spool:
                yield partial(terms, host=host, count=few, seed=seed, down=way, spool=True)
    yield partial(kills, count=given.kills, seed=seed)
    if given.spool:
        yield partial(kills, count=given.kills, seed=seed, spool=True)


def main() -> int:
    """All scenarios, one after the other; 1 where one is bad."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--terms", type=int, default=200, help="for each host")
    parser.add_argument("--forks", type=int, default=200)
    parser.add_argument("--turns", type=int, default=20, help="calls of each of the 1,000 tasks")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds")
    parser.add_argument("--blocked", type=float, default=5.0, help="seconds")
    parser.add_argument("--budget", type=int, default=64, help="MiB")
    parser.add_argument("--spool", action="store_true", help="also the lives with a spool")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    good = True
    print(Result.header(), flush=True)
    for scenario in scenarios(given):
        try:
            # An emulator each: it keeps all blobs in memory.
            with emulator() as running:
                result = scenario(running)
        except EmulatorMissing as obstacle:
            print(obstacle, file=sys.stderr)
            return 3
        except AssertionError as error:
            result = Result(scenario=f"{scenario}"[:60], wrong=[f"stopped: {error}"])
        print(result, flush=True)
        good &= result.good
    return not good


if __name__ == "__main__":
    sys.exit(main())
