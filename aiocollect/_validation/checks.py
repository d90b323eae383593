"""One check for each kind of value: number, flag, choice, timeout."""

from __future__ import annotations

import math

from ..errors import ConfigError

__all__ = ["check_choice", "check_flag", "check_number", "check_timeout"]


def check_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    integer: bool = False,
) -> None:
    """Raise ConfigError unless ``value`` is a finite number within the bounds."""
    kind = "a whole number" if integer else "a number"
    fits = isinstance(value, int if integer else int | float) and not isinstance(value, bool)
    if not fits:
        raise ConfigError(f"{name} must be {kind}, not {type(value).__name__}")
    assert isinstance(value, int | float)
    if not math.isfinite(value):
        raise ConfigError(f"{name} must be a finite number, not {value}")
    if above is not None and not value > above:
        raise ConfigError(f"{name}={value} must be above {above}")
    if at_least is not None and value < at_least:
        raise ConfigError(f"{name}={value} must be at least {at_least}")
    if at_most is not None and value > at_most:
        raise ConfigError(f"{name}={value} must be at most {at_most}")


def check_flag(name: str, value: object) -> None:
    """Raise ConfigError unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {type(value).__name__}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of the choices."""
    if value not in choices:
        shown = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
        raise ConfigError(f"{name}={shown} is not valid; use {' or '.join(map(repr, choices))}")


def check_timeout(timeout: float | None) -> None:
    """Raise ConfigError unless it is None or a number of seconds, 0 or more."""
    if timeout is not None:
        check_number("timeout", timeout, at_least=0)
