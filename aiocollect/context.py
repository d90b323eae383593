"""The context: which correlation id is in force where none is given. Not available yet."""

from __future__ import annotations

from .errors import ConfigError

__all__ = ["correlation"]


def correlation(id: str | None = None) -> None:  # noqa: A002 - a public name
    """Put an id in force for a block of code. Not available yet."""
    raise ConfigError("correlation() is not available yet; give correlation_id= to collect()")
