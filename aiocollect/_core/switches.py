"""Switches: on or off, and the share of calls that is recorded, as operators set them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._validation.checks import check_flag, check_number

__all__ = ["Control", "Switch"]


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off, and the share of calls that is recorded, above 0 and at most 1."""

    enabled: bool = True
    sample_rate: float = 1.0

    def __post_init__(self) -> None:
        check_flag("enabled", self.enabled)
        check_number("sample_rate", self.sample_rate, above=0, at_most=1)


@dataclass(frozen=True, slots=True)
class Control:
    """What a settings file says: of the whole pipeline, and of some ``collectors``."""

    whole: Switch = Switch()
    collectors: dict[str, Switch] = field(default_factory=dict)

    def switch_of(self, label: str) -> Switch:
        """Of one collector: the product of all that applies to it."""
        # By the beginnings of the label: the file may name thousands, and so may the program.
        parts = label.split("/") if self.collectors else []
        names = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
        said = [self.whole, *(self.collectors[name] for name in names if name in self.collectors)]
        rate = 1.0
        for switch in said:
            rate *= switch.sample_rate
        return Switch(all(switch.enabled for switch in said), rate)
