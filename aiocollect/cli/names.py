"""Names on the command line: MODEL/VERSION/STREAM, and those that a mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from aiocollect import ConfigError

__all__ = ["listed", "meant", "named", "near"]

# Names in a message: a service may have thousands.
SHOWN = 12


def named(name: str | None) -> tuple[str | None, str | None, str | None]:
    """Model, version and stream; None for what is not said. Raises ConfigError."""
    parts = name.split("/") if name else []
    if len(parts) > 3 or not all(parts):
        raise ConfigError(f"{name} is not a name; use MODEL, MODEL/VERSION or MODEL/VERSION/STREAM")
    model, version, stream = [*parts, None, None, None][:3]
    return model, version, stream


def near(name: str, names: Collection[str]) -> str | None:
    """The one that looks most like it, if any does."""
    return next(iter(get_close_matches(name, names, n=1, cutoff=0.6)), None)


def meant(name: str, names: Collection[str]) -> str:
    """What follows a message about a name that there is not."""
    found = near(name, names)
    if found is not None:
        return f"; did you mean {found!r}?"
    return f"; there are {listed(names)}" if names else ""


def listed(names: Collection[str]) -> str:
    """Some of them, in order, and how many more there are."""
    shown = sorted(names)[:SHOWN]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(shown)}{more}"
