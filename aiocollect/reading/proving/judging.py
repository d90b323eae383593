"""Judges one stream's rows of one folder, from what the log tells and what the bytes are. Pure: it
asks for bytes through a door.

Invariant: a day is proven only if nothing at all was found. So whatever is not understood has to
become a finding, and no rule here needs to know all ways in which things go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from zlib import crc32

from ..log.lives import Ended, LaneKey, LaneTold, LifeTold, Stored
from .evidence import DoorToBytes, SeenPart, finding_of, once, rows_of
from .row_ids import header_of_part, ids_in
from .tiling import Tiling, tiled
from .verdict import Finding, State, worst
from .vouching import PartCheck, explained

__all__ = ["DayJudge"]

# Bytes that are looked at to see whose rows they are, and to see what happened to damaged ones.
LOOK: Final = 64 * 2**10
EXPLAIN: Final = 32 * 2**20
# Findings of a day that are listed; the rest only counts.
SHOWN: Final = 200
HEAD: Final = 64 * 2**10


class DayJudge:
    """Of one stream and folder. ``writer_of`` tells whose id a text is; "" of nobody known.
    ``compacted``: as far as a part, by its path and creation time, is in compacted files.
    ``no_log``: why there is none, where that is known."""

    def __init__(
        self,
        parts: Sequence[SeenPart],
        lanes: Mapping[LaneKey, LaneTold],
        lives: Mapping[str, LifeTold],
        *,
        door: DoorToBytes,
        writer_of: Callable[[str], str],
        compacted: Mapping[tuple[str, str], int] = MappingProxyType({}),
        no_log: str = "",
    ) -> None:
        self._no_log = no_log
        self._parts = {part.path: part for part in parts}
        self._lanes = lanes
        self._lives = lives
        self._door = door
        self._writer_of = writer_of
        self._compacted = compacted
        self._tilings: dict[LaneKey, Tiling] = {}
        self._names: dict[str, list[str] | None] = {}
        self._checks: dict[str, PartCheck] = {}
        self.findings: list[Finding] = []
        self._state: State = "proven"
        self.unlogged = False  # there are bytes that only a look at the rows can judge
        self.all_shown = True

    def __repr__(self) -> str:
        return f"<DayJudge of {len(self._parts)} parts, {len(self.findings)} findings>"

    async def judge(self) -> None:
        """Look at every part, lane and life."""
        records: dict[str, list[Stored]] = {}
        for lane in self._lanes.values():
            for name, record in lane.stored:
                records.setdefault(name, []).append(record)
        for path, part in sorted(self._parts.items()):
            told = records.pop(path, [])
            alive = {part.created, ""}  # without the right to read nobody knows the time
            here = [one for one in told if one.created in alive]
            other = [one for one in told if one.created not in alive]
            self._gone(path, other, "the blob was replaced by another one")
            check = self._checks[path] = PartCheck(here, length=part.length)
            await self._door.check(part, check)
            check.finish()
        for path, told in sorted(records.items()):
            self._gone(path, told, "the blob is not there")
        for path, check in self._checks.items():
            await self._resolve(self._parts[path], check)
        for key, lane in self._lanes.items():
            self._tilings[key] = tiled(once(one for _, one in lane.stored), lane.ended, lane.end)
        for path, check in self._checks.items():
            await self._judge_part(self._parts[path], check)
        for key in sorted(self._lanes):
            await self._judge_lane(key)
        for writer in sorted({writer for writer, _ in self._lanes}):
            self._judge_life(writer)
        if not self._lanes and self._parts:
            self._find(Finding(kind="no_log", text=self._no_log or "there is no log of these rows"))
            self.unlogged = True

    @property
    def stored(self) -> int:
        """Rows that are in their place, by the log."""
        good = (one for check in self._checks.values() for one in check.good)
        return sum(one.last - one.first + 1 for one in good)

    def ends(self, outcome: str) -> dict[str, int]:
        """Rows that ended so, by reason."""
        found: dict[str, int] = {}
        for lane in self._lanes.values():
            for one in lane.ended:
                kind, _, reason = one.why.partition(":")
                if kind == outcome:
                    found[reason] = found.get(reason, 0) + one.last - one.first + 1
        return found

    def _find(self, finding: Finding) -> None:
        if len(self.findings) >= SHOWN:
            self.all_shown = False
            if worst((finding.state, self._state)) == self._state:
                return
        self._state = worst((finding.state, self._state))
        self.findings.append(finding)

    # Parts --------------------------------------------------------------------------------------

    def _gone(self, path: str, records: Iterable[Stored], text: str) -> None:
        """These records have no bytes at all: one finding for each lane."""
        spans: dict[LaneKey, list[Stored]] = {}
        moved = 0
        for record in once(records):
            if record.offset + record.length <= self._compacted.get((path, record.created), 0):
                moved += record.last - record.first + 1
            else:
                spans.setdefault(record.lane, []).append(record)
        if moved:
            self._find(Finding(kind="compacted", part=path, rows=moved))
        for (life, lane), lost in spans.items():
            self._find(
                Finding(
                    kind="lost",
                    part=path,
                    offset=min(one.offset for one in lost),
                    length=sum(one.length for one in lost),
                    life=life,
                    lane=lane,
                    first=min(one.first for one in lost),
                    last=max(one.last for one in lost),
                    rows=sum(one.last - one.first + 1 for one in lost),
                    text=text,
                )
            )

    async def _resolve(self, part: SeenPart, check: PartCheck) -> None:
        """Rows whose last answer was lost: their bytes may be there."""
        for lane in self._lanes.values():
            for one in list(lane.ended):
                if one.part == part.path and one.length and one.why.startswith("possibly"):
                    await self._look_for(one, part, check, lane)

    async def _look_for(self, one: Ended, part: SeenPart, check: PartCheck, lane: LaneTold) -> None:
        for place, (start, stop) in enumerate(check.unvouched):
            hl = lane.header[0] if lane.header and not start else 0
            for at in dict.fromkeys((start, start + hl, stop - one.length)):
                if start <= at and at + one.length <= stop:
                    data = await self._door.read(part, at, one.length)
                    if crc32(data) == one.crc:
                        left = [(start, at), (at + one.length, stop)]
                        check.unvouched[place : place + 1] = [s for s in left if s[0] < s[1]]
                        found = Stored(
                            at, one.length, one.first, one.last, one.crc, one.lane, part.created,
                            one.by,
                        )  # fmt: skip
                        check.good.append(found)
                        lane.ended.remove(one)
                        lane.stored.append((part.path, found))
                        return

    async def _judge_part(self, part: SeenPart, check: PartCheck) -> None:
        for record in check.conflicts:
            text = "the log gives these bytes to two batches"
            self._find(finding_of(record, "doubled", part.path, text))
        wrong = check.wrong
        if wrong:
            start = wrong[0].offset
            size = max(0, min(EXPLAIN, part.length - start))
            data = await self._door.read(part, start, size)
            later = [one for one in sorted([*check.good, *wrong]) if one.offset >= start]
            for damage in explained(data, start, later, check.good):
                ids = await self._around(part, damage.offset, damage.length)
                self._find(
                    Finding(
                        kind=damage.kind,
                        part=part.path,
                        offset=damage.offset,
                        length=damage.length,
                        before=ids[0],
                        after=ids[1],
                        **rows_of(damage.record),
                    )
                )
        for start, stop in check.unvouched:
            if not wrong or stop <= wrong[0].offset:
                await self._judge_bytes(part, check, start, stop)
        if check.crowded:
            self.unlogged = True
            self._find(Finding(kind="no_log", part=part.path, text="and many more places"))

    async def _judge_bytes(self, part: SeenPart, check: PartCheck, start: int, stop: int) -> None:
        """Bytes that no record vouches for: the header, rows of a life that still runs, of one
        without a log, or of nobody who may."""
        names = await self._columns(part)
        if not start and names is not None:
            head = await self._door.read(part, 0, min(HEAD, part.length))
            end = head.find(b"\n") + 1
            headers = {lane.header for lane in self._lanes.values() if lane.header}
            if headers and (end, crc32(head[:end])) not in headers:
                whole = {hl for hl, _ in headers} & {end, stop}
                text = "the header is not the one that was stored" if whole else "an unknown header"
                kind = "altered" if check.good else "no_log"
                self._find(Finding(kind=kind, part=part.path, offset=0, length=end, text=text))
                self.unlogged = True
            start = end
        if start >= stop:
            return
        data = await self._door.read(part, start, min(stop - start, LOOK))
        ids, sound = ids_in(data, names)
        if stop - start > LOOK:
            sound = bool(ids)
        copies = [one for one in check.good if one.length <= stop - start]
        if any(crc32(data[: one.length]) == one.crc for one in copies if one.length <= len(data)):
            kind, text = "doubled", "they repeat a batch of this part"
        else:
            kind, text = self._whose(set(map(self._writer_of, ids)), sound=sound)
        self.unlogged = self.unlogged or kind not in ("doubled", "foreign", "pending")
        before, after = await self._around(part, start, stop - start)
        self._find(
            Finding(
                kind=kind,
                part=part.path,
                offset=start,
                length=stop - start,
                rows=len(ids) if stop - start <= LOOK else 0,
                before=before,
                after=after,
                text=text,
            )
        )

    def _whose(self, writers: set[str], *, sound: bool) -> tuple[str, str]:
        """What bytes of these writers are, that no record vouches for."""
        if not sound:
            return "foreign", "these are not rows with the columns of the part"
        known = [self._lives[one] for one in writers if one in self._lives]
        strangers = writers - {life.writer for life in known}
        for life in known:
            waits = any(
                tiling.waiting or tiling.doubtful
                for (writer, _), tiling in self._tilings.items()
                if writer == life.writer
            )
            if life.closed and life.trouble is None and not waits:
                return "foreign", f"life {life.writer} has closed, and has no record of them"
        for life in known:
            if life.trouble is not None:
                return life.trouble
        if strangers:
            return "no_log", "no log has a record of them"
        return "pending", f"life {', '.join(sorted(writers))} runs, and can still record them"

    # Lanes and lives ----------------------------------------------------------------------------

    async def _judge_lane(self, key: LaneKey) -> None:
        tiling, lane = self._tilings[key], self._lanes[key]
        life = self._lives.get(key[0])
        whole = life is not None and life.closed and life.trouble is None
        kind = "lost" if whole else "unended"
        if life is not None and life.trouble is not None:
            kind, _ = life.trouble  # their records may be what is missing
        for first, last in tiling.holes:
            before, after = await self._beside(lane, first, last)
            self._find(
                Finding(
                    kind=kind,
                    life=key[0],
                    lane=key[1],
                    first=first,
                    last=last,
                    rows=last - first + 1,
                    before=before,
                    after=after,
                    text="the log has no record of them",
                )
            )
        for record in tiling.twice:
            part = next((path for path, one in lane.stored if one == record), "")
            self._find(finding_of(record, "doubled", part, "these rows are stored in two places"))
        for state, ends in (("spooled", tiling.waiting), ("possibly", tiling.doubtful)):
            for one in ends:
                rows = one.last - one.first + 1
                self._find(
                    Finding(
                        kind=state,
                        part=one.part,
                        life=key[0],
                        lane=key[1],
                        first=one.first,
                        last=one.last,
                        rows=rows,
                    )
                )
        if whole and lane.end is None:
            self._find(
                Finding(kind="unended", life=key[0], lane=key[1], text="the lane has no end")
            )

    def _judge_life(self, writer: str) -> None:
        life = self._lives.get(writer)
        if life is None or not life.begun:
            text = "its rows were stored by another process" if life is None else ""
            self._find(Finding(kind="no_log", life=writer, text=text))
            self.unlogged = True
            return
        if life.trouble is not None:
            kind, text = life.trouble
            self._find(Finding(kind=kind, life=writer, text=text))
            self.unlogged = True
        if not life.closed:
            text = f"up to {life.unknown} of its rows, in all streams together, have no record"
            self._find(Finding(kind="running", life=writer, rows=life.unknown, text=text))
        elif not life.adds_up and life.trouble is None:
            text = (
                f"it accepted {life.accepted} rows and has records of {life.ends + life.unnumbered}"
            )
            self._find(Finding(kind="unaccounted", life=writer, text=text))

    # Ids ----------------------------------------------------------------------------------------

    async def _columns(self, part: SeenPart) -> list[str] | None:
        """The columns of a CSV part; None of JSON lines."""
        if part.path.endswith(".jsonl"):
            return None
        if part.path not in self._names:
            head = await self._door.read(part, 0, min(HEAD, part.length))
            self._names[part.path] = header_of_part(head) or []
        return self._names[part.path]

    async def _around(self, part: SeenPart, start: int, length: int) -> tuple[str, str]:
        """The ids of the rows before and after some bytes, by the records beside them."""
        check = self._checks[part.path]
        before = next((one for one in check.good if one.offset + one.length == start), None)
        after = next((one for one in check.good if one.offset == start + length), None)
        return (
            await self._id(part, before, last=True),
            await self._id(part, after, last=False),
        )

    async def _beside(self, lane: LaneTold, first: int, last: int) -> tuple[str, str]:
        """The ids of the rows before and after these numbers of a lane."""
        found = ["", ""]
        for path, record in lane.stored:
            part = self._parts.get(path)
            if part is not None and record.last == first - 1:
                found[0] = await self._id(part, record, last=True)
            elif part is not None and record.first == last + 1:
                found[1] = await self._id(part, record, last=False)
        return found[0], found[1]

    async def _id(self, part: SeenPart, record: Stored | None, *, last: bool) -> str:
        if record is None or record.offset + record.length > part.length:
            return ""
        data = await self._door.read(part, record.offset, record.length)
        ids, _ = ids_in(data, await self._columns(part))
        return (ids[-1] if last else ids[0]) if ids else ""
