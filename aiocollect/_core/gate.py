"""Gates: which calls are let through, before anything is done for them.

A collector is on or off, and records all calls or a share of them. The collector, the pipeline and
the settings file may each say so; on is what all switch on, and the rates multiply. Which calls
belong to the share is decided by their id alone, so that inputs, predictions and late labels under
one id are recorded together or not at all, in whatever process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol
from zlib import crc32

from ..events import RateChanged
from ..typing import Hook
from .switches import Control, Switch

__all__ = ["ALL", "Gate", "Gates"]

# New labels that are remembered between two looks at the settings file.
FRESH: Final = 1000
# Above every CRC-32.
ALL: Final = 2**32
# What nearly all collectors say; a switch is never changed, only replaced.
_ON: Final = Switch()


class Gate:
    """One collector's. Ids whose CRC-32 is below ``limit`` are recorded; 0 is off.

    ``every``: all are, so that nobody needs to look.
    """

    __slots__ = ("_gates", "every", "label", "limit", "switch")

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
    """Whoever knows all collectors."""

    def gates(self) -> Iterable[Gate]:
        """Their gates."""


class Gates:
    """All gates of one pipeline. ``hook`` gets an event of each change of a rate.

    ``under_pressure`` is the rate that multiplies the others while the budget is nearly used.
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
        """Where the gates of all collectors are: they live as long as these."""
        self._sources = sources

    def _all(self) -> Iterable[Gate]:
        return () if self._sources is None else self._sources.gates()

    def open(self, label: str, *, sample_rate: float) -> Gate:
        """The gate of a new collector. From any thread."""
        switch = Switch(sample_rate=sample_rate)
        gate = Gate(label, _ON if switch == _ON else switch, self)
        # Before another thread may find it: a gate that is off for a moment loses calls.
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
        """Do as a settings file says."""
        self._control = control
        self._adjust_all()

    def press(self, pressed: bool) -> None:
        """The budget's use rose above the high-water mark, or fell below the low one."""
        if self._under_pressure < 1.0:
            self._pressed = pressed
            self._adjust_all()

    def labels(self, behind: int) -> list[str]:
        """The labels of the collectors that were made since the last time, when there were
        ``behind``; of a thousand at most."""
        fresh = self._fresh
        if fresh is None:
            fresh = [gate.label for gate in self._all()][:FRESH]
        self._fresh = []
        return list(dict.fromkeys(fresh))

    @property
    def told(self) -> str:
        """What holds now, for a line of a log."""
        rates = self.rates.values()
        on = [rate for rate in rates if rate]
        said = f"{len(on)} of {len(rates)} collectors record"
        if not on:
            return said
        least, most = min(on), max(on)
        share = f"{least:.3g}" if least == most else f"{least:.3g} to {most:.3g}"
        return f"{said}, {'all' if least == 1 else share} of their calls"

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
        """Set the gate's limit to what all that was said comes to."""
        said = (self._switch, gate.switch, self._control.switch_of(gate.label))
        rate = self._under_pressure if self._pressed else 1.0
        for switch in said:
            rate *= switch.sample_rate
        # Never 0 where it is on: 0 is off, which counts nothing.
        limit = max(1, round(rate * ALL)) if all(switch.enabled for switch in said) else 0
        if limit != gate.limit:
            gate.every = limit == ALL
            gate.limit = ALL if gate.every else limit  # one number for all gates
            self._rates = None
            self._hook(RateChanged(stream=gate.label, rate=gate.rate))


def changed(switch: Switch, enabled: bool | None, sample_rate: float | None) -> Switch:
    """The switch with what is not None in its place. Raises ConfigError."""
    return Switch(
        switch.enabled if enabled is None else enabled,
        switch.sample_rate if sample_rate is None else sample_rate,
    )
