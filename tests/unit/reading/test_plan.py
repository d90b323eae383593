"""Plans, snapshots, moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from aiocollect import ConfigError
from aiocollect.reading.asked.when import moment_of, moment_text
from aiocollect.reading.parts.plan import Plan, PlannedPart, snapshot_of, spans_of, thawed

HOUR = 3_600_000_000


def part(stream: str, begin: int, end: int) -> PlannedPart:
    return PlannedPart(stream, f"{stream}/{begin}.csv", 7, "x", "csv", begin * HOUR, end * HOUR)


def test_folders_that_overlap_are_one_stretch() -> None:
    """As where one stream is kept by the day and another by the hour."""
    plan = Plan(
        {
            "a": (part("a", 0, 24), part("a", 24, 48), part("a", 72, 96)),
            "b": (part("b", 3, 4), part("b", 23, 24), part("b", 50, 51)),
        }
    )
    spans = [(begin // HOUR, end // HOUR) for begin, end in spans_of(plan)]
    assert spans == [(0, 24), (24, 48), (50, 51), (72, 96)]


def test_a_snapshot_is_the_plan() -> None:
    """Letter by letter."""
    plan = Plan({"a": (part("a", 0, 24),), "größe": ()}, {"a": {"x y": "float"}})
    assert thawed(snapshot_of(plan)) == plan
    assert thawed(snapshot_of(plan), streams=["größe"]) == Plan({"größe": ()})
    assert snapshot_of(plan).replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text", ["", "x", "aiocollect2.", "aiocollect2.AAAA", "aiocollect2.é", None, 5]
)
def test_what_is_no_snapshot_is_refused(text: Any) -> None:
    """Cut off, of something else, of another kind."""
    with pytest.raises(ConfigError, match="as_of= is not a snapshot"):
        thawed(text)
    whole = snapshot_of(Plan({"a": (part("a", 0, 24),)}))
    with pytest.raises(ConfigError):
        thawed(whole[:-3])


NOW = 1_769_860_800_000_000  # 2026-01-31T12:00


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (date(2026, 1, 31), "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T06:00", "2026-01-31T06:00:00"),
        ("2026-01-31T06:00:00.000001+02:00", "2026-01-31T04:00:00.000001"),
        (datetime(2026, 1, 31, 6, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T04:00:00"),
        ("7d", "2026-01-24T12:00:00"),
        ("12h", "2026-01-31"),
        ("90m", "2026-01-31T10:30:00"),
        ("30s", "2026-01-31T11:59:30"),
        ("1w", "2026-01-24T12:00:00"),
    ],
)
def test_moments(when: Any, text: str) -> None:
    """UTC, unless it says otherwise."""
    moment = moment_of(when, option="start", now=NOW)
    assert moment is not None
    assert moment_text(moment) == text


@pytest.mark.parametrize("when", ["", "soon", "d", "7 d", "2026-13-01", 5, datetime(2026, 1, 1)])
def test_what_is_no_moment_is_refused(when: Any) -> None:
    """With the option's name."""
    with pytest.raises(ConfigError, match="start "):
        moment_of(when, option="start", now=NOW)
    assert moment_of(None, option="start", now=NOW) is None
    assert moment_of(datetime(2026, 1, 1, tzinfo=UTC), option="start", now=NOW)
