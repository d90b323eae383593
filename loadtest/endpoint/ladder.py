"""The ladder: what a server is run with, in turns. Each rung adds one thing to the one below it.

none → in memory: the collector by itself. → a store elsewhere: the SDK, HTTP and the kernel, to a
process that answers at once (elsewhere.py). → the emulator: what that takes of the machine. So the
differences between rungs say whose a cost is. ``none again`` is the noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["LADDER", "PLAIN", "PROFILED", "Rung"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to record; fields are those of a Case."""

    recorder: str
    store: str = "emulator"
    options: dict[str, Any] = field(default_factory=dict)


_THREAD: Final = {"host": "thread"}

LADDER: Final[dict[str, Rung]] = {
    "none": Rung(recorder="none"),
    "none again": Rung(recorder="none"),
    "memory": Rung(recorder="memory"),
    "elsewhere": Rung(recorder="aiocollect", store="elsewhere"),
    "elsewhere, thread": Rung(recorder="aiocollect", store="elsewhere", options=_THREAD),
    "aiocollect": Rung(recorder="aiocollect"),
    "aiocollect, thread": Rung(recorder="aiocollect", options=_THREAD),
}
# Of a second server: whether it is the same there.
PLAIN: Final = {label: LADDER[label] for label in ("none", "none again", "aiocollect")}
# Once a round, beside the others: its server looks at itself (split.py), and has no latencies.
PROFILED: Final = "profiled"
