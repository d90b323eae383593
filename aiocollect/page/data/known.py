"""What the data page knows of a store, and the next thing to find out: one step at a time.

A step lists, reads a day, joins one, or verifies some; what it found holds as long as the parts of
that day are the same. A day that is being written is read again once a minute at most, and a large
one less often: no more than a fifth of the time goes into it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from ...errors import SchemaConflict
from .calls import Calls, last_rows
from .copies import REST
from .kept import DayKey, DayParts, KeptProfile, Profiles, Wish, days_of

if TYPE_CHECKING:
    from ...reading import DayVerdict, Profile, StreamInfo

__all__ = ["DAYS", "JoinedDay", "KnownData", "StreamDays"]

# Days that are shown, the last ones.
DAYS: Final = 31
# Of the time that reading took, so much rest follows.
PATIENCE: Final = 4
# Labels of another day's folder belong to a closed day now and then; it is joined anew so often.
LABELS_REST: Final = 600.0
JOINED: Final = ("inputs", "predictions", "labels")
_ALL: Final = "*"  # in the place of a stream: all that are joined

Tell = Callable[[str, int], None]


class StreamDays(NamedTuple):
    """The days of a stream, or of a model's joined streams, as listed ``at`` a time. ``snapshot``
    names all of their bytes."""

    at: float
    snapshot: str
    days: dict[date, DayParts]


class JoinedDay(NamedTuple):
    """A day's streams, joined. ``later``: the labels of the days after it."""

    mark: int
    later: int
    at: float
    took: float
    profile: Profile | None  # None: it cannot be read


class _Judged(NamedTuple):
    mark: int
    at: float
    took: float
    verdict: DayVerdict | None


class KnownData:
    """``baseline``: so many days before the one that is looked at are what it is compared with."""

    def __init__(
        self,
        calls: Calls,
        *,
        baseline: int = 7,
        values: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.values, self.baseline_days = values, baseline
        self.streams: list[StreamInfo] = []
        self.listed_at = 0.0
        self._calls, self._clock = calls, clock
        self._took = 0.0
        self._plans: dict[tuple[str, str, str], StreamDays] = {}
        self._profiles = Profiles()
        self._joined: dict[DayKey, JoinedDay] = {}
        self._verdicts: dict[DayKey, _Judged] = {}
        self._last: dict[DayKey, tuple[int, list[str], list[list[str]]]] = {}
        self._unreadable: dict[DayKey, tuple[int, str]] = {}
        self._baseline: tuple[object, Profile] | None = None

    def __repr__(self) -> str:
        return f"<KnownData of {len(self.streams)} streams>"

    # What is known ------------------------------------------------------------------------------

    def named(self, wish: Wish) -> Wish | None:
        """The wish with a stream that there is, and a day where one was asked for or is known;
        None: there is nothing yet."""
        there = {(one.model, one.version, one.stream) for one in self.streams}
        if wish[:3] not in there:
            if wish.model or not there:
                return None
            first = min(there, key=lambda one: (one[2] != "inputs", one))
            wish = Wish(*first, wish.day)
        plan = self._plans.get(wish[:3])
        if wish.day is None and plan is not None and plan.days:
            wish = wish._replace(day=max(plan.days))
        return wish

    def days(self, wish: Wish) -> StreamDays | None:
        """The days of its stream."""
        return self._plans.get(wish[:3])

    def window(self, wish: Wish) -> list[date]:
        """The days that the wish's day is compared with, those that there are."""
        plan = self._plans.get(wish[:3])
        if plan is None or wish.day is None:
            return []
        first = wish.day - timedelta(days=self.baseline_days)
        return [day for day in sorted(plan.days) if first <= day < wish.day]

    def profile(self, wish: Wish, day: date) -> KeptProfile | None:
        """What is kept of a day of its stream."""
        return self._profiles.get(DayKey(*wish[:3], day))

    def compared_with(self, wish: Wish) -> Profile | None:
        """The days of its window as one; None where there are none, or not all are read yet."""
        from ...reading import Profile

        kept = [
            self.profile(wish, day)
            for day in self.window(wish)
            if self.unreadable(wish, day) is None
        ]
        there = [one for one in kept if one is not None]
        if not there or len(there) < len(kept):
            return None
        mark = (wish, [one.mark for one in there])
        if self._baseline is None or self._baseline[0] != mark:
            whole = Profile()
            for one in there:
                whole.merge(one.profile())
            self._baseline = mark, whole
        return self._baseline[1]

    def unreadable(self, wish: Wish, day: date) -> str | None:
        """Why a day of its stream cannot be read; None where it can, or nobody has tried."""
        found = self._unreadable.get(DayKey(*wish[:3], day))
        return None if found is None else found[1]

    def joined(self, wish: Wish) -> dict[date, Profile]:
        """The joined days of its model, those of the window and its own."""
        found = {}
        for day in self._shown(wish):
            one = self._joined.get(DayKey(wish.model, wish.version, _ALL, day))
            if one is not None and one.profile is not None:
                found[day] = one.profile
        return found

    def verdict(self, wish: Wish, day: date) -> DayVerdict | None:
        """What verify() said of a day of its stream."""
        found = self._verdicts.get(DayKey(*wish[:3], day))
        return None if found is None else found.verdict

    def last_rows(self, wish: Wish) -> tuple[list[str], list[list[str]]] | None:
        """Columns, and the last rows of its day; None without values."""
        found = self._last.get(DayKey(*wish[:3], wish.day)) if wish.day is not None else None
        return None if found is None else found[1:]

    def _shown(self, wish: Wish) -> list[date]:
        return [*self.window(wish), *([wish.day] if wish.day is not None else [])]

    # Finding out --------------------------------------------------------------------------------

    def step(self, wish: Wish, tell: Tell) -> bool:
        """Do the next thing for a wish; False: there is none. ``tell`` is called with what is done
        and the number of rows so far; what it raises ends the step. Raises AioCollectError."""
        if self._clock() - self.listed_at >= max(REST, PATIENCE * self._took):
            self._list(tell)
            return True
        named = self.named(wish)
        if named is None:
            return False
        return any(
            do(self.named(wish) or named, tell)
            for do in (self._plan, self._read, self._compare, self._judge, self._join, self._end)
        )

    def _is_due(self, kept: KeptProfile | JoinedDay | _Judged | None, mark: int) -> bool:
        if kept is None:
            return True
        rest = max(REST, PATIENCE * kept.took)
        return kept.mark != mark and self._clock() - kept.at >= rest

    def _list(self, tell: Tell) -> None:
        tell("listing what there is", 0)
        begun = self._clock()
        self.streams = self._calls.streams()
        self.listed_at = self._clock()
        self._took = self.listed_at - begun

    def _plan(self, wish: Wish, tell: Tell) -> bool:
        plan = self._plans.get(wish[:3])
        if plan is not None and plan.at >= self.listed_at:
            return False
        tell(f"listing the parts of {wish.name}", 0)
        self._plans[wish[:3]] = self._planned(wish, wish.stream or None)
        if self._is_joined(wish):
            self._plans[wish.model, wish.version, _ALL] = self._planned(wish, None)
        return True

    def _planned(self, wish: Wish, stream: str | None) -> StreamDays:
        today = self._today()
        first = today - timedelta(days=DAYS - 1)
        found = self._calls.dataset(wish, stream, start=first)
        # A day too late is one whose clock is wrong, and is shown.
        days = days_of(found.parts, first=first, last=today + timedelta(days=1))
        return StreamDays(self.listed_at, found.snapshot, days)

    def _read(self, wish: Wish, tell: Tell) -> bool:
        return wish.day is not None and self._read_day(wish, wish.day, f"{wish.day}", tell)

    def _compare(self, wish: Wish, tell: Tell) -> bool:
        window = self.window(wish)
        for count, day in enumerate(reversed(window), 1):
            what = f"{day}, to compare with: {count} of {len(window)} days"
            if self._read_day(wish, day, what, tell):
                return True
        return False

    def _read_day(self, wish: Wish, day: date, what: str, tell: Tell) -> bool:
        plan, key = self._plans[wish[:3]], DayKey(*wish[:3], day)
        parts = plan.days.get(day)
        if parts is None or not self._is_due(self._profiles.get(key), parts.mark):
            return False
        if self._unreadable.get(key, (None,))[0] == parts.mark:
            return False
        tell(f"reading {what}", 0)
        begun = self._clock()
        dataset = self._calls.day(wish, wish.stream or None, day, plan.snapshot)
        try:
            profile = dataset.profile(partial(tell, f"reading {what}"))
        except SchemaConflict as error:
            # Its verdict says more, and other days can be read.
            self._unreadable[key] = parts.mark, str(error)
            return True
        at = self._clock()
        self._unreadable.pop(key, None)
        notes = tuple(dict.fromkeys(note.text for note in dataset.notes))
        kept = KeptProfile.of(profile, parts.mark, at=at, took=at - begun, notes=notes)
        needed = {DayKey(*wish[:3], one) for one in self._shown(wish)}
        self._profiles.put(key, kept, needed=needed)
        return True

    def _judge(self, wish: Wish, tell: Tell) -> bool:
        plan = self._plans[wish[:3]]
        stale = [
            day
            for day in self._shown(wish)
            if day in plan.days
            and self._is_due(self._verdicts.get(DayKey(*wish[:3], day)), plan.days[day].mark)
        ]
        if not stale:
            return False
        tell(f"verifying {stale[0]}" + (f" to {stale[-1]}" if len(stale) > 1 else ""), 0)
        begun = self._clock()
        found = self._calls.verdicts(wish, stale[0], stale[-1])
        at = self._clock()
        took = (at - begun) / len(stale)
        for day in stale:
            judged = _Judged(plan.days[day].mark, at, took, found.get(day))
            self._verdicts[DayKey(*wish[:3], day)] = judged
        return True

    def _join(self, wish: Wish, tell: Tell) -> bool:
        plan = self._plans.get((wish.model, wish.version, _ALL))
        if plan is None or not self._is_joined(wish):
            return False
        for day in reversed(self._shown(wish)):
            parts, key = plan.days.get(day), DayKey(wish.model, wish.version, _ALL, day)
            if parts is None:
                continue
            later = hash(tuple(of.mark for other, of in plan.days.items() if other > day))
            kept = self._joined.get(key)
            old = kept is not None and kept.later != later
            if not self._is_due(kept, parts.mark) and not (
                old and kept is not None and self._clock() - kept.at >= LABELS_REST
            ):
                continue
            tell(f"joining {day}", 0)
            begun = self._clock()
            dataset = self._calls.bare_day(wish, day, plan.snapshot)
            try:
                profile = dataset.profile(partial(tell, f"joining {day}"))
            except SchemaConflict:
                profile = None
            at = self._clock()
            self._joined[key] = JoinedDay(
                parts.mark,
                later,
                at,
                at - begun,
                profile,
            )
            return True
        return False

    def _end(self, wish: Wish, tell: Tell) -> bool:
        """The last rows of the day, where values were asked for."""
        if not self.values or wish.day is None:
            return False
        key = DayKey(*wish[:3], wish.day)
        kept = self._profiles.get(key)
        if kept is None or (key in self._last and self._last[key][0] == kept.mark):
            return False
        plan = self._plans[wish[:3]]
        if plan.days.get(wish.day) is None or plan.days[wish.day].mark != kept.mark:
            return False
        tell("looking at the last rows", 0)
        dataset = self._calls.day(wish, wish.stream or None, wish.day, plan.snapshot)
        columns, rows = last_rows(dataset)
        self._last[key] = kept.mark, columns, rows
        return True

    def _is_joined(self, wish: Wish) -> bool:
        mine = {one.stream for one in self.streams if one[:2] == wish[:2]}
        return len(mine & set(JOINED)) > 1

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()
