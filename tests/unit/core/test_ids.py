"""Ids and timestamps: unique, in order, and with the day of the scoring."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from aiocollect._core.ids import HOUR_US, Ids, hour_of_id, timestamp_text


def test_ids_are_uuids_of_version_8_with_their_day() -> None:
    """A well-formed UUIDv8 whose first 48 bits are the scoring time in milliseconds."""
    ids = Ids("a1b2c3d4e5")
    moment = datetime(2018, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    time = round(moment.timestamp() * 1_000_000)
    made = uuid.UUID(ids.id(time))
    assert made.version == 8
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == time // 1000
    days = (moment.date() - datetime(1970, 1, 1).date()).days
    assert hour_of_id(str(made)) == time // HOUR_US == 24 * days + 23


def test_ids_and_times_are_unique() -> None:
    """Also in one microsecond, when the clock goes back, and when the low counter wraps."""
    ids = Ids("a1b2c3d4e5")
    assert len({ids.id(1_700_000_000_000_000 + n % 3) for n in range(70_000)}) == 70_000
    times = [ids.time(now) for now in (10, 10, 5, 11, 100, 99)]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    "text", ["", "loan-7", "6b0596c8-7424-4176-b414-1509d8bcf593", "x" * 36, "é" * 36]
)
def test_strangers_ids_carry_no_day(text: str) -> None:
    """Only our own ids decide the folder."""
    assert hour_of_id(text) is None


def test_timestamps_have_six_decimals() -> None:
    """Naive UTC, always with microseconds."""
    assert timestamp_text(0) == "1970-01-01T00:00:00.000000"
    assert timestamp_text(1_546_257_600_000_001) == "2018-12-31T12:00:00.000001"
