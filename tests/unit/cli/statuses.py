"""Status files made by hand, as docs/reference/status.md has them."""

from __future__ import annotations

from typing import Any

from aiocollect.stats import LATENCY_BOUNDS

__all__ = ["status_made", "stream_made"]


def stream_made(**changed: Any) -> dict[str, Any]:
    """A stream that has stored 100 rows."""
    found = {
        "stream": "churn/10/inputs",
        "path": "w/s/churn/10/inputs/2026/11/28/data.csv",
        "part": "w/s/churn/10/inputs/2026/11/28/data.csv",
        "state": "idle",
        "code": "",
        "sample_rate": 1.0,
        "stored": 100,
        "waiting": 0,
        "oldest_age": None,
        "blocks": 7,
        "max_blocks": 49_000,
    }
    assert changed.keys() <= found.keys()
    return found | changed


def status_made(at: float, *streams: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A healthy process that has stored its 100 rows, at this time; ``changed`` are members of the
    file, or of its ``stats``."""
    stats = {
        "accepted": 100,
        "stored": 100,
        "possibly_stored": 0,
        "dead_lettered": {},
        "dropped": {},
        "in_memory": 0,
        "in_spool": 0,
        "refused": {},
        "sampled_out": 0,
        "redacted_out": 0,
        "sample_rates": {"churn/10/inputs": 1.0},
        "budget": 1000,
        "budget_used": 0,
        "oldest_age": None,
        "held": {},
        "append_latency": {"counts": [0] * (len(LATENCY_BOUNDS) + 1), "seconds": 0.0},
    }
    found = {
        "format": 1,
        "at": at,
        "pid": 41,
        "node": "web-1",
        "writer": "w41",
        "core": "native",
        "store": "memory",
        "healthy": True,
        "closed": False,
        "settings": {"linger": 2.0, "settings_file": None},
        "streams": list(streams or (stream_made(),)),
        "more_streams": 0,
        "recent": [],
    }
    assert changed.keys() <= stats.keys() | found.keys()
    inner = {name: value for name, value in changed.items() if name in stats}
    outer = {name: value for name, value in changed.items() if name in found}
    return found | outer | {"stats": stats | inner}
