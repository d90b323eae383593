"""Gates: which calls are recorded; decided before anything else is done for them.

A collector is on or off, and records all calls or a share of them. It records only if the pipeline,
the collector and the settings file all enable it; their rates are multiplied. The id of a call
alone decides whether it belongs to the share. So inputs, predictions and late labels of one id are
recorded together or not at all, in every process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol
from zlib import crc32

from .._native import GateBase
from ..events import RateChanged
from ..typing import Hook
from .switches import Control, Switch

__all__ = ["ALL", "Gate", "Gates"]

# At most so many new labels are remembered between two looks at the settings file.
FRESH: Final = 1000
# Above every CRC-32.
ALL: Final = 2**32
# What nearly all collectors say; a switch is never changed, only replaced.
_ON: Final = Switch()


class Gate(GateBase):
    """Of one collector. Ids whose CRC-32 is below ``limit`` are recorded; 0 is off. ``every``: all
    are, so ids need no look."""

    __slots__ = ("_gates", "label", "switch")

    def __init__(self, label: str, switch: Switch, gates: Gates) -> None:
        self.label = label
        self.switch = switch
        self.limit = 0
        self.every = False
        self._gates = gates

    def __repr__(self) -> str:
        return f"<Gate of {self.label}: {self.rate:g}>"

    @property
    def rate(self) -> float:
        """The effective rate: the share of calls that is recorded now."""
        return self.limit / ALL

    def passes(self, correlation_id: str) -> bool:
        """Whether a call under this id is recorded."""
        return crc32(correlation_id.encode("utf-8", "surrogatepass")) < self.limit

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """Change what is not None; from any thread. Raises ConfigError."""
        self.switch = changed(self.switch, enabled, sample_rate)
        self._gates.adjust(self)


class HasGates(Protocol):
    """Knows all collectors."""

    def gates(self) -> Iterable[Gate]:
        """Their gates."""


class Gates:
    """All gates of one pipeline. ``hook`` gets an event for each change of a rate.

    Rates are multiplied by ``under_pressure`` while the budget is nearly used.
    """

    def __init__(self, switch: Switch, *, under_pressure: float, hook: Hook) -> None:
        self._switch = switch
        self._control = Control()
        self._under_pressure = under_pressure
        self._pressed = False
        self._hook = hook
        self._sources: HasGates | None = None
        self._rates: dict[str, float] | None = None  # while nothing changes
        self._fresh: list[str] | None = None  # labels that labels() has not given yet

    def __repr__(self) -> str:
        return f"<Gates {self._switch!r}>"

    def reach(self, sources: HasGates) -> None:
        """Set where the gates of all collectors are found."""
        self._sources = sources

    def _all(self) -> Iterable[Gate]:
        return () if self._sources is None else self._sources.gates()

    def open(self, label: str, *, sample_rate: float) -> Gate:
        """The gate of a new collector. From any thread."""
        switch = Switch(sample_rate=sample_rate)
        gate = Gate(label, _ON if switch == _ON else switch, self)
        # Before another thread can find it: a gate that is off for a moment loses calls.
        self.adjust(gate)
        self._rates = None
        if self._fresh is not None and len(self._fresh) < FRESH:
            self._fresh.append(label)
        return gate

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """Change what is not None, for all; from any thread. Raises ConfigError."""
        self._switch = changed(self._switch, enabled, sample_rate)
        self._adjust_all()

    def obey(self, control: Control) -> None:
        """Apply what a settings file says."""
        self._control = control
        self._adjust_all()

    def press(self, pressed: bool) -> None:
        """The budget's use rose above the high-water mark, or fell below the low one."""
        if self._under_pressure < 1.0:
            self._pressed = pressed
            self._adjust_all()

    def labels(self) -> list[str]:
        """The labels of the collectors that were made since the last time: a thousand at most."""
        fresh = self._fresh
        if fresh is None:
            fresh = [gate.label for gate in self._all()][:FRESH]
        self._fresh = []
        return list(dict.fromkeys(fresh))

    @property
    def summary(self) -> str:
        """What is recorded now, for a line of a log."""
        rates = self.rates.values()
        on = [rate for rate in rates if rate]
        text = f"{len(on)} of {len(rates)} collectors record"
        if not on:
            return text
        least, most = min(on), max(on)
        share = f"{least:.3g}" if least == most else f"{least:.3g} to {most:.3g}"
        return f"{text}, {'all' if least == 1 else share} of their calls"

    @property
    def rates(self) -> dict[str, float]:
        """The effective rate of each collector, by its label."""
        rates = self._rates
        if rates is None:
            rates = self._rates = {gate.label: gate.rate for gate in self._all()}
        return dict(rates)

    def _adjust_all(self) -> None:
        for gate in self._all():
            self.adjust(gate)

    def adjust(self, gate: Gate) -> None:
        """Set the gate's limit by all three switches."""
        switches = (self._switch, gate.switch, self._control.switch_of(gate.label))
        rate = self._under_pressure if self._pressed else 1.0
        for switch in switches:
            rate *= switch.sample_rate
        # Never 0 where it is on: 0 is off, which counts nothing.
        limit = max(1, round(rate * ALL)) if all(switch.enabled for switch in switches) else 0
        if limit != gate.limit:
            gate.every = limit == ALL
            gate.limit = ALL if gate.every else limit  # one number for all gates
            self._rates = None
            self._hook(RateChanged(stream=gate.label, rate=gate.rate))


def changed(switch: Switch, enabled: bool | None, sample_rate: float | None) -> Switch:
    """The switch with what is not None put into it. Raises ConfigError."""
    return Switch(
        switch.enabled if enabled is None else enabled,
        switch.sample_rate if sample_rate is None else sample_rate,
    )
