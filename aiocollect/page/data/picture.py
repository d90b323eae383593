"""All that the data page shows of one day of one stream, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from .figures import features_of
from .kept import Wish
from .known import DAYS, KnownData

if TYPE_CHECKING:
    from ...reading import DayVerdict, Profile

__all__ = ["picture_of"]

# Of streams and findings, in one answer.
MOST_STREAMS: Final = 500
MOST_FINDINGS: Final = 20


def picture_of(known: KnownData, wish: Wish) -> bytes:
    """What is known now. Without values it has no cell, and no id of a row."""
    named = known.named(wish)
    said: dict[str, Any] = {
        "as_of": known.listed_at or None,
        "days_shown": DAYS,
        "streams": [_stream(one) for one in known.streams[:MOST_STREAMS]],
        "more_streams": max(0, len(known.streams) - MOST_STREAMS),
        "chosen": None,
        "unknown": bool(wish.model) and named is None and bool(known.listed_at),
    }
    if named is not None:
        said["chosen"] = {
            "model": named.model,
            "version": named.version,
            "stream": named.stream,
            "name": named.name,
            "day": None if named.day is None else str(named.day),
        }
        said["days"] = _days(known, named)
        said |= _day(known, named)
    return orjson.dumps(said)


def _stream(one: Any) -> dict[str, Any]:
    return {
        "model": one.model,
        "version": one.version,
        "stream": one.stream,
        "name": "/".join(filter(None, one[:3])),
        "parts": one.parts,
        "bytes": one.bytes,
        "until": one.end.isoformat(),
    }


def _days(known: KnownData, wish: Wish) -> list[dict[str, Any]]:
    """The latest first."""
    plan = known.days(wish)
    found = []
    for day, parts in sorted(plan.days.items(), reverse=True) if plan is not None else ():
        kept, verdict = known.profile(wish, day), known.verdict(wish, day)
        found.append(
            {
                "day": str(day),
                "parts": parts.parts,
                "bytes": parts.bytes,
                "rows": None if kept is None else kept.rows,
                "state": None if verdict is None else verdict.state,
            }
        )
    return found


def _day(known: KnownData, wish: Wish) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if wish.day is None:
        return said
    window = known.window(wish)
    said["against"] = [str(window[0]), str(window[-1]), len(window)] if window else None
    kept = known.profile(wish, wish.day)
    before = known.compared_with(wish) if kept is not None else None
    if kept is not None:
        profile = kept.profile()
        said |= {
            "rows": kept.rows,
            "rows_before": None if before is None else before.rows,
            "read_at": kept.at,
            "took": kept.took,
            "notes": kept.notes[:MOST_FINDINGS],
            "columns": len(profile.columns),
            "features": features_of(profile, before, values=known.values),
        }
    said["unreadable"] = [
        {"day": str(day), "why": why}
        for day in (*window, wish.day)
        if (why := known.unreadable(wish, day)) is not None
    ]
    verdict = known.verdict(wish, wish.day)
    said["verdict"] = None if verdict is None else _verdict(verdict)
    said["joined"] = [
        _joined(str(day), one) for day, one in sorted(known.joined(wish).items(), reverse=True)
    ]
    last = known.last_rows(wish)
    if last is not None:
        said["last"] = {"columns": last[0], "rows": last[1]}
    return said


def _verdict(verdict: DayVerdict) -> dict[str, Any]:
    # Not a finding's own text, nor the ids before and after it: these are cells.
    return {
        "state": verdict.state,
        "stored": verdict.stored,
        "dropped": sum(verdict.dropped.values()),
        "dead_lettered": sum(verdict.dead_lettered.values()),
        "findings": [
            {
                "kind": one.kind,
                "part": one.part.rpartition("/")[2],
                "rows": one.rows,
                "remedy": one.remedy,
                "state": one.state,
            }
            for one in verdict.findings[:MOST_FINDINGS]
        ],
        "more": max(0, len(verdict.findings) - MOST_FINDINGS) or int(not verdict.all_shown),
    }


def _joined(day: str, one: Profile) -> dict[str, Any]:
    return {
        "day": day,
        "rows": one.rows,
        "streams": {name: one.rows - lacking for name, lacking in one.missing.items()},
        "paired_share": one.paired_share,
        "labelled_share": one.labelled_share,
    }
