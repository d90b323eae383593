"""The plan: which scenarios are run, how often, and for how long. Data, and nothing else.

``QUICK`` is the same in small: three minutes instead of a quarter of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from .bulk_run import Bulk

__all__ = ["LONG", "QUICK", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Seconds are those of the load; starting and ending a server come on top."""

    servers: tuple[str, ...]
    ramp_seconds: float
    steady_seconds: float
    # Interleaved rounds of the ladder (ladder.py), on the first server: at so many requests a
    # second, and at 70 % of its saturation. Others have rounds of three at 70 %.
    fixed_rate: int
    fixed_rounds: int
    rounds: int
    other_rounds: int
    # Once each at 70 %, beside the rounds: they leave backlogs, which take longer than their runs.
    others: tuple[str, ...] = ("afternoon", "awaited", "azureml")
    others_seconds: float
    weather_seconds: float
    weathers: tuple[str, ...]
    bulks: dict[str, dict[str, Bulk]] = field(default_factory=dict)


def _axis(name: str, values: tuple[int, ...], **bulk: Any) -> dict[str, Bulk]:
    return {f"{value:,}": Bulk(**{**bulk, name: value}) for value in values}


_KINDS: Final = {
    "numbers, CSV": Bulk(rows=40_000),
    "numbers, JSON Lines": Bulk(rows=40_000, options={"format": "jsonl"}),
    "text-heavy": Bulk(rows=10_000, text=True),
    "on a thread of its own": Bulk(rows=40_000, options={"host": "thread"}),
}

QUICK: Final = Plan(
    servers=("aiohttp",),
    ramp_seconds=5.0,
    steady_seconds=3.0,
    fixed_rate=2_000,
    fixed_rounds=2,
    rounds=1,
    other_rounds=0,
    others_seconds=2.0,
    weather_seconds=6.0,
    weathers=("outage",),
    bulks={
        "rows a call": _axis("rows_a_call", (1, 1000), rows=40_000),
        "columns": {"10": Bulk(rows=20_000), "100": Bulk(rows=4_000, columns=100)},
        "paths": _axis("paths", (1, 100), rows=5_000, rows_a_call=10),
    },
)

LONG: Final = Plan(
    servers=("aiohttp", "fastapi"),
    ramp_seconds=8.0,
    steady_seconds=5.0,
    fixed_rate=2_000,
    fixed_rounds=5,
    rounds=5,
    other_rounds=3,
    others_seconds=5.0,
    weather_seconds=12.0,
    weathers=("burst", "slow", "outage", "throttled"),
    bulks={
        "kind of row": _KINDS,
        # 10,000 rows of ten are more bytes than limits.max_call_bytes.
        "rows a call": _axis("rows_a_call", (1, 10, 100, 1_000, 9_000), rows=99_000),
        "columns": {
            "1": Bulk(rows=100_000, columns=1),
            "10": Bulk(rows=60_000),
            "100": Bulk(rows=10_000, columns=100),
            "1,000": Bulk(rows=1_000, columns=1_000),
        },
        # As many rows to each append.
        "paths": {
            f"{paths:,}": Bulk(rows=max(10_000, 10 * paths), rows_a_call=10, paths=paths)
            for paths in (1, 10, 100, 1_000, 10_000)
        },
        "processes, one blob": _axis("processes", (1, 2, 4), rows=60_000),
        "processes, own blobs": _axis(
            "processes", (1, 2, 4), rows=60_000, options={"writer": "own"}
        ),
    },
)
