"""What is proven, how often, and by which code: the table that ``make proof`` works through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from tests.chaos.concurrency import HOSTS as SIDES
from tests.chaos.sigterms import HOSTS
from tests.simulation.compaction_views import CONTROLS

from . import bugs, processes, simulated
from .code import EDGES, WAY_BACK, closure, digest, package
from .simulated import Begin
from .tally import Tally, Unmet

__all__ = ["SUITES", "Item", "Suite"]

# The first seed of a shard, or the name of what it is about.
Item = int | str

# Each fifth shard runs without the native core: Python is the definition, and the core is what most
# people run.
_FIFTH: Final = 5


def _nothing(tally: Tally) -> Unmet:
    return {}


class Suite(NamedTuple):
    """``goal``: how many ``units`` are wanted; ``size``: of a shard. ``roots``: the modules that
    run it. ``left_out``: what of the package is not under proof here. ``replay``: the command for
    one of its seeds."""

    name: str
    units: str
    run: Callable[[Item, Begin], Tally]
    items: Callable[[], Sequence[Item]]
    size: int
    roots: tuple[str, ...]
    left_out: frozenset[str]
    replay: str
    python_every: int = 0
    unmet: Callable[[Tally], Unmet] = _nothing

    @property
    def goal(self) -> int:
        """How many units make it complete."""
        return len(self.items()) * self.size

    def way(self, index: int) -> str:
        """Which core the shard at this place of the items runs on."""
        every = self.python_every
        return "python" if every and index % every == every - 1 else "native"

    def code(self) -> str:
        """The digest of the code that this proof is of."""
        return digest([*package(without=self.left_out), *closure(self.roots)])


def _seeds(
    name: str,
    units: str,
    goal: int,
    size: int,
    run: Callable[..., Tally],
    roots: tuple[str, ...],
    replay: str,
    *,
    left_out: frozenset[str] = EDGES | WAY_BACK,
    python_every: int = _FIFTH,
    unmet: Callable[[Tally], Unmet] = _nothing,
) -> Suite:
    """A suite of seeds, from 0 on."""

    def run_from(item: Item, begin: Begin) -> Tally:
        return run(item, size, begin)

    def items() -> Sequence[Item]:
        return range(0, goal, size)

    return Suite(name, units, run_from, items, size, roots, left_out, replay, python_every, unmet)


def _named(
    name: str,
    units: str,
    items: Callable[[], Sequence[Item]],
    run: Callable[..., Tally],
    roots: tuple[str, ...],
    replay: str,
    *,
    left_out: frozenset[str],
) -> Suite:
    """A suite of things with names; what they are on is decided by each."""
    return Suite(name, units, run, items, 1, roots, left_out, replay)


_SIMULATION: Final = "tests.simulation."
_CHAOS: Final = "tests.chaos."
# Processes that the scenarios start.
_WORKERS: Final = (f"{_CHAOS}worker", f"{_CHAOS}server", f"{_CHAOS}concurrent_worker")


def _simulated() -> list[Suite]:
    return [
        _seeds(
            *("whole lives", "lives", 100_000, 250, simulated.lives),
            (f"{_SIMULATION}selection", f"{_SIMULATION}run"),
            "python -m tests.simulation --seed {seed} --trace",
            unmet=simulated.unmet_lives,
        ),
        _seeds(
            *("machines that crash", "machines", 20_000, 250, simulated.machines),
            (f"{_SIMULATION}crashes",),
            "python -m tests.simulation.crashes --seed {seed}",
            unmet=simulated.unmet_machines,
        ),
        _seeds(
            *("lives, verified", "lives", 1_000, 50, simulated.verified_lives),
            (f"{_SIMULATION}verified",),
            "python -m tests.simulation.verified {seed} 1",
            left_out=EDGES | {"compaction"},
        ),
        _seeds(
            *("machines, verified", "machines", 1_000, 50, simulated.verified_machines),
            (f"{_SIMULATION}verified",),
            "python -m tests.simulation.verified {seed} 4",
            left_out=EDGES | {"compaction"},
        ),
        _seeds(
            *("lives, followed and read", "lives", 1_000, 50, simulated.followed_lives),
            (f"{_SIMULATION}followed",),
            "python -m tests.simulation.followed --seed {seed}",
            left_out=EDGES | {"compaction"},
        ),
        *(
            _seeds(
                *(f"compaction, {form}", "lives", 1_000, 50, partial(simulated.compacted, form)),
                (f"{_SIMULATION}compactions",),
                "python -m tests.simulation.compactions --controls 0 --lives 1 --first {seed}",
                left_out=EDGES,
                python_every=0,
            )
            for form in ("parquet", "delta")
        ),
        _named(
            "compaction without a rule",
            "rules",
            lambda: [f"{form}: {rule}" for form in ("parquet", "delta") for rule in CONTROLS],
            _control,
            (f"{_SIMULATION}compactions",),
            "python -m tests.simulation.compactions --lives 0",
            left_out=EDGES,
        ),
    ]


def _control(item: str, begin: Begin) -> Tally:
    form, _, rule = item.partition(": ")
    return simulated.controls("delta" if form == "delta" else "parquet", rule, begin)


def _processes() -> list[Suite]:
    stopped = (f"{_CHAOS}sigterms", *_WORKERS)
    return [
        *(
            _seeds(
                *(f"SIGKILL, {where}", "kills", 500, 20),
                partial(processes.kills, spool=spool),
                (f"{_CHAOS}sigkills", *_WORKERS),
                "python -m tests.chaos.sigkills --count 20 --seed {seed}"
                + (" --spool" if spool else ""),
            )
            for where, spool in (("in memory", False), ("with a spool", True))
        ),
        *(
            _seeds(
                *(f"SIGTERM, {host}", "stops", 200, 10, partial(processes.terms, host=host)),
                stopped,
                f"python -m tests.chaos.sigterms --host '{host}' --count 10 --seed {{seed}}",
            )
            for host in HOSTS
        ),
        *(
            _seeds(
                *(f"SIGTERM, store down{end}", "stops", 150, 5),
                partial(processes.terms_while_down, spool=spool),
                stopped,
                "python -m tests.proof.shard 'SIGTERM, store down" + end + "' {seed}",
            )
            for end, spool in (("", False), (", with a spool", True))
        ),
        _seeds(
            *("forks, at each moment", "forks", 1_000, 200, simulated.forks_at_each_moment),
            (f"{_CHAOS}forks",),
            "python -m tests.proof.shard 'forks, at each moment' {seed}",
        ),
        *(
            _seeds(
                *(f"forks under load, host={side}", "forks", 200, 20),
                partial(processes.forks_under_load, host=side),
                (f"{_CHAOS}concurrency", *_WORKERS),
                f"python -m tests.proof.shard 'forks under load, host={side}' {{seed}}",
            )
            for side in SIDES
        ),
    ]


_ZOO: Final = _named(
    "the bug zoo",
    "mutants and controls",
    bugs.mutants,
    bugs.caught,
    ("tests.zoo.run", "tests.zoo.lives"),
    'python -m tests.zoo "{seed}"',
    left_out=frozenset(),
)

SUITES: Final[dict[str, Suite]] = {
    suite.name: suite for suite in [*_simulated(), *_processes(), _ZOO]
}
