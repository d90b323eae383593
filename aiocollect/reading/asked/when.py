"""Moments and spans as users give them, as microseconds since 1970 (UTC). Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias

from ...errors import ConfigError

__all__ = ["FOREVER", "When", "moment_of", "moment_text", "span_of"]

# A day, an aware datetime, ISO 8601 text, or a length of time before now, such as "7d".
When: TypeAlias = date | datetime | str | None

FOREVER: Final = 253_402_300_800_000_000  # 10000-01-01, where dates end

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_is_ago: Final = re.compile(r"(\d{1,9})([smhdw])").fullmatch


def moment_of(when: When, *, option: str, now: int) -> int | None:
    """Microseconds since 1970; None where none is given. ``now`` is in microseconds too.

    A day is its midnight, UTC; so is text without an offset UTC, as the files have it. A datetime
    without a time zone is refused: it is a local time somewhere. ConfigError names ``option``.
    """
    if when is None:
        return None
    if isinstance(when, str):
        found = _is_ago(when)
        if found is not None:
            return now - int(found[1]) * _UNITS[found[2]] * 1_000_000
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            raise ConfigError(
                f"{option} must be a date, an aware datetime, ISO 8601 text such as "
                "'2026-11-01', or a time before now such as '7d' or '12h'"
            ) from None
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ConfigError(
                f"{option} has no time zone; use datetime(…, tzinfo=UTC), or text, which "
                "is read as UTC"
            )
        return (when - _EPOCH) // timedelta(microseconds=1)
    if isinstance(when, date):
        return (datetime(when.year, when.month, when.day, tzinfo=UTC) - _EPOCH) // timedelta(
            microseconds=1
        )
    raise ConfigError(f"{option} must be a date, a datetime or text, not {type(when).__name__}")


def span_of(start: When, end: When, *, now: int) -> tuple[int | None, int | None]:
    """From ``start`` until before ``end``, as moments. Raises ConfigError."""
    begin = moment_of(start, option="start", now=now)
    until = moment_of(end, option="end", now=now)
    if begin is not None and until is not None and until <= begin:
        raise ConfigError("end must be after start")
    return begin, until


def moment_text(moment: int) -> str:
    """ISO 8601 in UTC, as short as it can be said."""
    text = (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.removesuffix("T00:00:00.000000").removesuffix(".000000")
