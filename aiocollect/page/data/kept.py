"""What was found out of each stream and day, as long as its parts are the same. Bounded.

A profile is kept as bytes: packed it is small, and its size is known. Those that were used longest
ago go first; those of the days that are compared at the moment never do.
"""

from __future__ import annotations

import pickle
import zlib
from collections import OrderedDict
from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from ...reading import PlannedPart, Profile

__all__ = ["DayKey", "DayParts", "KeptProfile", "Profiles", "Wish", "days_of"]

MOST: Final = 128 * 2**20
_DAY: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)


class Wish(NamedTuple):
    """What somebody looks at. ``day`` None: the latest one."""

    model: str
    version: str
    stream: str
    day: date | None = None

    @property
    def name(self) -> str:
        """The stream, as it is written."""
        return "/".join(filter(None, self[:3]))


class DayParts(NamedTuple):
    """A UTC day of a stream: its blobs and bytes; ``mark`` is another one where these changed."""

    day: date
    parts: int
    bytes: int
    mark: int


class DayKey(NamedTuple):
    """Whose day it is."""

    model: str
    version: str
    stream: str
    day: date


class KeptProfile(NamedTuple):
    """A day's rows, read when the parts had that ``mark``, ``at`` that time, in ``took`` seconds.
    ``packed`` is the profile."""

    mark: int
    at: float
    took: float
    rows: int
    notes: tuple[str, ...]
    packed: bytes

    @classmethod
    def of(
        cls, profile: Profile, mark: int, *, at: float, took: float, notes: tuple[str, ...]
    ) -> KeptProfile:
        """Pack it."""
        packed = zlib.compress(pickle.dumps(profile, pickle.HIGHEST_PROTOCOL), 1)
        return cls(mark, at, took, profile.rows, notes, packed)

    def profile(self) -> Profile:
        """Unpack it: ours, from the memory of this process."""
        found: Profile = pickle.loads(zlib.decompress(self.packed))
        return found


class Profiles:
    """Profiles by stream and day, up to ``most`` bytes."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[DayKey, KeptProfile] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Profiles of {len(self._kept)} days>"

    def get(self, key: DayKey) -> KeptProfile | None:
        """The one of that day."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: DayKey, kept: KeptProfile, *, needed: Collection[DayKey]) -> None:
        """Keep it, and let go of those that are not needed, where there are too many."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        size = sum(len(one.packed) for one in self._kept.values())
        for old in list(self._kept):
            if size <= self._most:
                return
            if old not in needed and old != key:
                size -= len(self._kept.pop(old).packed)


def days_of(parts: Collection[PlannedPart], *, first: date, last: date) -> dict[date, DayParts]:
    """The days that the folders of these parts lie in, of those from first to last. A folder of
    several days is one of each of them."""
    found: dict[date, list[Any]] = {}
    for part in parts:
        begin = max(_day(part.begin), first)
        end = min(_day(part.end - 1), last)
        while begin <= end:
            found.setdefault(begin, []).append(part)
            begin += timedelta(days=1)
    return {
        day: DayParts(
            day,
            len(of),
            sum(part.length - part.start for part in of),
            hash(tuple((part.path, part.created, part.length, part.start) for part in of)),
        )
        for day, of in sorted(found.items())
    }


def _day(micros: int) -> date:
    # A folder may be open towards the future, farther than dates go.
    return _EPOCH + timedelta(days=min(micros // _DAY, 1_000_000))
