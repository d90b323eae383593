"""A life told line by line, so that a failure can be understood: ``--seed N --trace``.

Each line has the virtual time and says what happened: calls and their answers, events told to the
hooks, faults, what the host did, and every step of every lane. Cells are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aiocollect._core.lane import Lane

Say = Callable[[str], None]


def silent(text: str) -> None:
    """Tells nothing."""


def short(path: str) -> str:
    """A blob's name without what all have in common."""
    return re.sub(r"^sub/group/space/\w+/", "", path)


def told(event: Any) -> str:
    """A hook's event in a line."""
    values = {name: getattr(event, name) for name in event.__slots__}
    shown = ", ".join(
        f"{name}={short(value) if isinstance(value, str) else repr(value)}"
        for name, value in values.items()
        if name != "crc"
    )
    return f"{type(event).__name__}({shown})"


def trace_lanes(say: Say) -> Callable[[], None]:
    """Tell every lane's steps from now on; returns what ends it."""
    on = Lane.on

    def watched(lane: Lane, event: Any, *args: Any, **options: Any) -> Any:
        before, part = lane.state.value, lane.parts.name
        commands = on(lane, event, *args, **options)
        asked = ", ".join(type(command).__name__.lower() for command in commands)
        doubt = ", in doubt" if lane.in_doubt else ""
        say(
            f"lane {short(part)}: {before} --{event.value}--> {lane.state.value} "
            f"at {lane.place.position}{doubt}" + (f"; {asked}" if asked else "")
        )
        return commands

    Lane.on = watched  # type: ignore[method-assign, assignment]

    def end() -> None:
        Lane.on = on  # type: ignore[method-assign]

    return end
