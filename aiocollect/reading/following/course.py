"""What a follower asks for next, and what an answer means. Pure: no store, no clock, no Arrow.

How rows are handed out exactly once, in order, while blobs appear, grow and vanish:

- A part is known by its path and its creation time. Another blob of the name is read from its
  begin; one that comes back as it was goes on where it was left.
- Each range begins a few bytes before what was read so far, and these must be the same as then. So
  a blob that was emptied and filled again, which its creation time does not tell, is never taken up
  in the middle of a row.
- Only whole rows are handed out. In CSV they are found by counting quotes from the begin of a row;
  the end of what was there when the follower began is the end of a row only where a line ends and
  every byte was acknowledged, since then whole appends are there. Else the part is read from its
  begin, and what was there already is not handed out.
- What is new in a listing is read from its begin, however long it has become.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ...typing import Listed, Range
from ..asked.notes import Notes
from ..cells.csv_rows import header_of
from ..cells.cut import last_row_end
from ..parts.places import PartPlace
from ..parts.plan import HEAD, RANGE, order_of
from .position import CHECKED, Mark, check_of

__all__ = ["Ask", "Chunk", "Course", "Tracked"]

# A row that is longer is none: somewhere a quote has no partner.
LONGEST_ROW: Final = 64 * 2**20
# Seconds after which a part that did not grow is left to the listings, where its folder is past or
# a later part follows it.
LIVELY: Final = 60.0
# Microseconds by which a writer's clock may be off, or an append late.
SKEW: Final = 120_000_000
# Seconds for which a part that vanished is remembered: it may come back as it was.
REMEMBERED: Final = 600.0


class Ask(NamedTuple):
    """One ranged GET. ``head``: for the header of a part that is taken up at an offset."""

    path: str
    offset: int
    length: int
    head: bool = False


class Chunk(NamedTuple):
    """Whole rows of a part. ``names``: the columns of a CSV; "" for none."""

    path: str
    place: PartPlace
    names: tuple[str, ...]
    rows: bytes


class Tracked:
    """One part: ``at`` is how far its rows were handed out, ``rest`` was read behind it and is no
    whole row yet, ``before`` are the last bytes before ``at``."""

    __slots__ = (
        *("asked", "at", "before", "created", "done", "gone", "grown", "known", "mark", "names"),
        *("path", "place", "proven", "rest", "short", "skip", "wide"),
    )

    def __init__(self, path: str, place: PartPlace, created: str, now: float) -> None:
        self.path = path
        self.place = place
        self.created = created
        self.known = 0  # its length, as far as anybody said
        self.grown = now
        self.gone: float | None = None
        self.restart(0)

    def __repr__(self) -> str:
        return f"<Tracked {self.path}: {self.at} of {self.known}>"

    def restart(self, skip: int) -> None:
        """From the begin; rows that end at or before ``skip`` are not handed out."""
        self.at = 0
        self.rest = b""
        self.before = b""
        self.skip = skip
        self.names: tuple[str, ...] | None = None
        self.wide = HEAD
        self.done = False
        self.proven = True
        self.short: float | None = None  # since when it seems to be shorter than what was read
        # Of a position: how many bytes before ``at`` have which sum.
        self.mark: tuple[int, int] | None = None

    def start_at(self, at: int, *, checked: int, crc: int) -> None:
        """Go on at an offset. ``checked`` 0: it is the end of whole appends, as far as one knows;
        below 0: it may be within a row."""
        if not at:
            return
        if checked < 0:
            self.skip = at
            return
        self.at = at
        if checked:
            self.mark = (checked, crc)
        else:
            self.before, self.proven = b"\n", False

    @property
    def read(self) -> int:
        """How far it was read."""
        return self.at + len(self.rest)

    @property
    def is_behind(self) -> bool:
        """Whether there is more than was read."""
        return self.known > self.read


class Course:
    """The parts of one stream. ``floor``: folders that end before it are left alone (microseconds
    since 1970). ``marks``: how far each was handed out. ``from_now``: what the first listing shows
    was handed out. ``range_bytes``: how much is asked for at once."""

    def __init__(
        self,
        notes: Notes,
        *,
        floor: int,
        marks: dict[str, Mark],
        from_now: bool,
        range_bytes: int = RANGE,
    ) -> None:
        self._range = range_bytes
        self.floor = floor
        self.marks = marks
        self._notes = notes
        self._from_now = from_now
        self._lost: dict[str, float] = {}  # parts of a position that are not there, and since when
        self._parts: dict[str, Tracked] = {}

    def __repr__(self) -> str:
        return f"<Course of {len(self._parts)} parts>"

    @property
    def is_behind(self) -> bool:
        """Whether some part has more than was read, as far as one knows."""
        return any(part.is_behind for part in self._parts.values() if self._is_open(part))

    def __len__(self) -> int:
        return len(self._parts)

    # Listings -----------------------------------------------------------------------------------

    def listed(self, found: Iterable[tuple[Listed, PartPlace]], *, whole: bool, now: float) -> None:
        """Take a listing. ``whole``: of the whole stream, so that what is not in it is not there.
        ``now``: seconds of a clock that never goes back."""
        seen = set()
        for listed, place in found:
            if place.end <= self.floor:
                continue
            seen.add(listed.path)
            part = self._parts.get(listed.path)
            if part is None:
                part = self._begun(listed, place, now)
            elif part.created != listed.created:
                part = self._replaced(part, listed.created, now)
            if listed.length > part.known:
                part.known, part.grown = listed.length, now
            part.gone = None
        self._from_now = False
        if whole:
            for path in self._parts.keys() - seen:
                self.missing(path, now=now)
            self._forget(now)

    def _begun(self, listed: Listed, place: PartPlace, now: float) -> Tracked:
        part = self._parts[listed.path] = Tracked(listed.path, place, listed.created, now)
        mark = self.marks.get(listed.path)
        if mark is not None and mark.created == listed.created:
            part.start_at(mark.at, checked=mark.checked, crc=mark.crc)
        elif self._from_now:
            part.start_at(listed.length, checked=0 if listed.committed else -1, crc=0)
            self._set_mark(part, listed.length, 0 if listed.committed else -1, 0)
        return part

    def _replaced(self, part: Tracked, created: str, now: float) -> Tracked:
        self._notes.add(
            "replaced", part.path, "it was deleted and created again: read from its start"
        )
        part = self._parts[part.path] = Tracked(part.path, part.place, created, now)
        self.marks.pop(part.path, None)
        return part

    def missing(self, path: str, *, now: float) -> None:
        """It is not there: nothing more of it comes, unless it comes back."""
        part = self._parts.get(path)
        if part is not None and part.gone is None:
            part.gone = now
            self._notes.add("removed", path, "it was removed")

    def _forget(self, now: float) -> None:
        for path, part in list(self._parts.items()):
            if part.gone is not None and now - part.gone > REMEMBERED:
                del self._parts[path]
                self.marks.pop(path, None)
        for path in self.marks.keys() - self._parts.keys():
            if now - self._lost.setdefault(path, now) > REMEMBERED:
                del self.marks[path], self._lost[path]

    # Ranges -------------------------------------------------------------------------------------

    def due(self, *, now: float, time: int, grown_only: bool = False) -> list[str]:
        """The parts that are to be asked for, in the order of a read. ``time``: microseconds since
        1970. ``grown_only``: those of which a listing has said that there is more."""
        last: dict[tuple[int, str, int], int] = {}
        for part in self._parts.values():
            place = part.place
            series = (place.begin, place.writer, place.ordinal)
            last[series] = max(last.get(series, 0), place.number)
        found = []
        for part in self._parts.values():
            place = part.place
            if not self._is_open(part):
                continue
            if not part.is_behind:
                if grown_only:
                    continue
                present = place.begin - SKEW <= time < place.end + SKEW
                is_last = place.number == last[place.begin, place.writer, place.ordinal]
                if now - part.grown > LIVELY and not (present and is_last):
                    continue
            found.append((order_of(place, part.path), part.path))
        return [path for _, path in sorted(found)]

    def ask(self, path: str) -> Ask | None:
        """The next range of a part; None where there is nothing to ask."""
        part = self._parts.get(path)
        if part is None or not self._is_open(part):
            return None
        if part.place.format == "csv" and part.names is None and part.at:
            return Ask(path, 0, part.wide, head=True)
        checked = part.mark[0] if part.mark is not None else len(self._seen(part))
        return Ask(path, part.read - checked, checked + self._range)

    def following(self, ask: Ask, end: int) -> Ask | None:
        """What to ask for at once after an answer, as long as the part was not read to ``end``;
        None where the answer brought nothing new."""
        found = self.ask(ask.path)
        if found is None or found == ask:
            return None
        return found if ask.head or self._parts[ask.path].read < end else None

    def known(self, path: str) -> int:
        """The length of a part, as far as anybody said."""
        part = self._parts.get(path)
        return 0 if part is None else part.known

    def answered(self, ask: Ask, found: Range, *, now: float) -> Chunk | None:
        """Whole rows that were not handed out before; from now on they count as handed out."""
        part = self._parts.get(ask.path)
        if part is None or ask != self.ask(ask.path):
            return None  # something else was learned meanwhile
        if found.created != part.created:
            self._replaced(part, found.created, now).known = found.length
            return None
        part.gone = None
        if found.length > part.known:
            part.known, part.grown = found.length, now
        if ask.head:
            if len(found.data) >= min(ask.length, part.at):
                self._take_head(part, found)
            return None
        data = self._behind(part, found.data)
        if data is None:
            if found.length < part.read:
                self._shrank(part, now)
            return None
        part.short = None
        chunk = self._cut(part, data) if data else None
        part.done = found.ended and part.read >= found.length
        return chunk

    def _is_open(self, part: Tracked) -> bool:
        return not part.done and part.gone is None

    def _take_head(self, part: Tracked, found: Range) -> None:
        """The header of a part that is taken up at an offset."""
        header = header_of(found.data)
        if header is not None and header[1] <= part.at:
            part.names = tuple(header[0])
        elif header is not None or part.wide >= part.at:
            part.restart(part.at)  # what was there ended within the header
        else:
            part.wide *= 2

    def _seen(self, part: Tracked) -> bytes:
        """The last bytes that were read."""
        return (part.before + part.rest[-CHECKED:])[-CHECKED:]

    def _behind(self, part: Tracked, data: bytes) -> bytes | None:
        """The new bytes; None where the bytes before them are not those that were read."""
        if part.mark is not None:
            before = data[: part.mark[0]]
            if check_of(before) == part.mark:
                part.before, part.mark = before, None
                return data[len(before) :]
            is_short = len(before) < part.mark[0]
        else:
            before = self._seen(part)
            if data.startswith(before):
                part.proven = True
                return data[len(before) :]
            is_short = len(data) < len(before)
        if is_short:
            return None  # an old view of the blob; what was there comes again
        if part.proven:
            self._notes.add("replaced", part.path, "its bytes were changed: read from its start")
            self.marks.pop(part.path, None)
            part.restart(0)
        else:
            part.restart(part.at)
        return None

    def _shrank(self, part: Tracked, now: float) -> None:
        """No blob shrinks, so it is an old view; if it stays so, the blob was emptied."""
        if part.short is None:
            part.short = now
        elif now - part.short > LIVELY:
            self._notes.add("replaced", part.path, "it was emptied: read from its start")
            self.marks.pop(part.path, None)
            part.restart(0)
            part.known = 0

    def _cut(self, part: Tracked, data: bytes) -> Chunk | None:
        data = part.rest + data
        is_csv = part.place.format == "csv"
        if is_csv and part.names is None:
            header = header_of(data)
            if header is None:
                self._keep(part, data)
                return None
            part.names, end = tuple(header[0]), header[1]
            self._advance(part, data[:end])
            data = data[end:]
        end = last_row_end(data, quotes=is_csv)
        rows, rest = data[:end], data[end:]
        if part.skip > part.at:
            old = last_row_end(rows[: part.skip - part.at], quotes=is_csv)
            self._advance(part, rows[:old])
            rows = rows[old:]
        self._advance(part, rows)
        self._keep(part, rest)
        return Chunk(part.path, part.place, part.names or (), rows) if rows else None

    def _keep(self, part: Tracked, rest: bytes) -> None:
        part.rest = rest
        if len(rest) > LONGEST_ROW:
            self._notes.add("part", part.path, "left out from an unclosed quote on")
            part.rest, part.done = b"", True

    def _advance(self, part: Tracked, data: bytes) -> None:
        if data:
            part.before = (part.before + data[-CHECKED:])[-CHECKED:]
            part.at += len(data)
            if part.at < part.skip:  # nothing of it was handed out yet
                self._set_mark(part, part.skip, -1, 0)
            else:
                self._set_mark(part, part.at, *check_of(part.before))

    def _set_mark(self, part: Tracked, at: int, checked: int, crc: int) -> None:
        place = part.place
        self.marks[part.path] = Mark(
            part.created, at, checked, crc, place.format, place.begin, place.end
        )
