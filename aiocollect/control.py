"""The settings file: what operators change while a service runs.

A small JSON file, which a pipeline looks at every second, and ``aiocollect enable``, ``disable``
and ``status`` write and show::

    {"enabled": true, "sample_rate": 0.5,
     "collectors": {"churn": {"enabled": false}, "churn/11/inputs": {"sample_rate": 0.1}}}

Everything may be left out. A collector goes by its label, model/version/identifier, or by the
beginning of it. What the file says and what the program says must agree: on is what both switch on,
and the rates multiply.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigError
from .options import check_flag, check_number

__all__ = ["Control", "Switch", "read_control", "write_control"]


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
        """Of one collector: all that is said of it together."""
        said = [self.whole, *(s for name, s in self.collectors.items() if _begins(label, name))]
        rate = 1.0
        for switch in said:
            rate *= switch.sample_rate
        return Switch(all(switch.enabled for switch in said), rate)


def _begins(label: str, name: str) -> bool:
    return label == name or label.startswith(f"{name}/")


def read_control(path: str | os.PathLike[str]) -> Control:
    """What the file says; a missing file says nothing. Raises ConfigError, which names the file."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return Control()
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"the settings file {os.fspath(path)} cannot be read: {type(error).__name__}"
        ) from None
    try:
        return _control(found)
    except ConfigError as error:
        raise ConfigError(f"the settings file {os.fspath(path)}: {error}") from None


def write_control(path: str | os.PathLike[str], control: Control) -> None:
    """Replace the file, whole: whoever reads it sees the old one or the new one."""
    found: dict[str, Any] = _told(control.whole)
    if control.collectors:
        found["collectors"] = {name: _told(one) for name, one in control.collectors.items()}
    fresh = f"{os.fspath(path)}.{os.getpid()}.new"
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2)
            file.write("\n")
        os.replace(fresh, path)
    except OSError as error:
        raise ConfigError(
            f"the settings file {os.fspath(path)} cannot be written: {error.strerror}"
        ) from None


def _told(switch: Switch) -> dict[str, Any]:
    return {"enabled": switch.enabled, "sample_rate": switch.sample_rate}


def _control(found: Any) -> Control:
    if not isinstance(found, dict):
        raise ConfigError("it must hold one JSON object")
    collectors = found.pop("collectors", {})
    if not isinstance(collectors, dict):
        raise ConfigError("collectors must be an object, of labels and what is said of them")
    return Control(_switch(found), {name: _switch(one) for name, one in collectors.items()})


def _switch(found: Any) -> Switch:
    unknown = set(found) - {"enabled", "sample_rate"} if isinstance(found, dict) else {"it"}
    if unknown:
        raise ConfigError(
            f"there is no {', '.join(sorted(unknown))}; it may say enabled, sample_rate, collectors"
        )
    return Switch(**found)
