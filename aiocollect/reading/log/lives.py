"""What the log says: lives, their lanes, and where each row went. Pure.

Invariants: a record counts only as far as the chain of its life is whole; what comes after a break
is never used. Records are kept only of the paths that are wanted, everything else is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

__all__ = ["Ended", "LaneKey", "LaneTold", "LifeTold", "Lives", "Stored"]

# The writer whose numbers they are, and which of its lanes.
LaneKey = tuple[str, int]
_VERSION: Final = 1


class Stored(NamedTuple):
    """A batch that is stored: where, and which rows; ``by`` is the life that says so."""

    offset: int
    length: int
    first: int
    last: int
    crc: int
    lane: LaneKey
    created: str
    by: str


class Ended(NamedTuple):
    """Rows that came to another end; ``why`` is an outcome and a reason. Of rows that are possibly
    stored also where, and which bytes."""

    first: int
    last: int
    why: str
    lane: LaneKey
    part: str
    length: int
    crc: int
    by: str


class LaneTold:
    """One lane: its path, the length and CRC-32 of its header, and how many rows it had in all."""

    __slots__ = ("end", "ended", "header", "path", "stored")

    def __init__(self, path: str) -> None:
        self.path = path
        self.header: tuple[int, int] | None = None
        self.end: int | None = None
        self.ended: list[Ended] = []
        self.stored: list[tuple[str, Stored]] = []  # the part, and what was stored there


class LifeTold:
    """One life. ``trouble``: kind and text of what is wrong with its log, if anything."""

    __slots__ = (
        *("accepted", "begun", "closed", "ends", "signed", "sums", "told", "trouble"),
        *("unnumbered", "writer"),
    )

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.begun = self.closed = False
        self.signed = False
        self.trouble: tuple[str, str] | None = None
        self.accepted = 0  # by its last sum
        self.ends = 0  # rows of its lanes, by their ends
        self.told = 0  # rows of its own that some record tells of
        self.unnumbered = 0  # rows that never came to a lane
        self.sums: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<LifeTold {self.writer}, {self.trouble or ('closed' if self.closed else 'open')}>"

    @property
    def unknown(self) -> int:
        """Rows that its last sum had accepted and no record tells of."""
        return max(0, self.accepted - self.told)

    @property
    def adds_up(self) -> bool:
        """Whether a closed life tells of every row that it accepted."""
        return self.accepted == self.ends + self.unnumbered


class Lives:
    """Takes records in the order of their logs. ``wanted``: whether the rows of a path are looked
    at; ``path_of`` finds the path that a part belongs to, for lanes that nothing else is known
    of."""

    def __init__(
        self, wanted: Callable[[str], bool], path_of: Callable[[str], str], *, most: int
    ) -> None:
        self._wanted = wanted
        self._path_of = path_of
        self._most = most
        self.lives: dict[str, LifeTold] = {}
        self.lanes: dict[LaneKey, LaneTold] = {}
        self.counts: dict[str, int] = {}  # records by path
        self.kept = 0
        self.full = False  # more records than are kept: they are only counted

    def __repr__(self) -> str:
        return f"<Lives {len(self.lives)}, {len(self.lanes)} lanes, {self.kept} records>"

    def life(self, writer: str) -> LifeTold:
        """The life of this writer."""
        return self.lives.setdefault(writer, LifeTold(writer))

    def take(self, writer: str, said: Mapping[str, Any]) -> None:
        """A record of the writer's log. Raises ValueError, KeyError or TypeError for one that is
        none."""
        life = self.life(writer)
        kind = said["k"]
        if life.closed:
            raise ValueError("records after the close")
        if kind in ("open", "day"):
            if said["v"] > _VERSION:
                raise ValueError("a later version of aiocollect has written it")
            if (kind == "open") is life.begun or said["w"] != writer:
                raise ValueError("it is the log of two lives, or its beginning is missing")
            life.begun = True
            life.signed = bool(said["signed"])
        elif kind == "lane":
            self._lane(said.get("w", writer), said)
        elif kind == "set":
            self._stored(life, said)
        elif kind == "out":
            self._ended(life, said)
        elif kind == "end":
            for number, rows in said["lanes"].items():
                life.ends += rows
                lane = self.lanes.get((writer, int(number)))
                if lane is not None:
                    lane.end = rows
        elif kind == "sum":
            life.accepted = said["accepted"]
            life.sums.update(said["streams"])
        elif kind == "gap":
            life.trouble = life.trouble or ("gap", f"{said['lines']} records were not stored")
        elif kind == "close":
            life.closed = True
        # A later version may add records that this one can pass over.

    def _lane(self, writer: str, said: Mapping[str, Any]) -> None:
        path = said["p"]
        if self._wanted(path):
            lane = self.lanes.setdefault((writer, said["n"]), LaneTold(path))
            lane.header = said["hl"], said["hc"]

    def _of(self, key: LaneKey, part: str) -> LaneTold | None:
        lane = self.lanes.get(key)
        if lane is None and part:
            path = self._path_of(part)
            if self._wanted(path):
                lane = self.lanes[key] = LaneTold(path)
        return lane

    def _count(self, lane: LaneTold) -> bool:
        self.counts[lane.path] = self.counts.get(lane.path, 0) + 1
        if not self.full and self.kept >= self._most:
            self.full = True
            for one in self.lanes.values():
                one.stored, one.ended = [], []
        self.kept += not self.full
        return not self.full

    def _stored(self, life: LifeTold, said: Mapping[str, Any]) -> None:
        key = (said.get("w", life.writer), said["n"])
        part, created = said["p"], said["c"]
        of = life if key[0] == life.writer else self.lives.get(key[0])
        lane = self._of(key, part)
        for first, last, offset, length, crc in said["b"]:
            if of is not None:
                of.told += last - first + 1
            if lane is not None and self._count(lane):
                place = Stored(offset, length, first, last, crc, key, created, life.writer)
                lane.stored.append((part, place))

    def _ended(self, life: LifeTold, said: Mapping[str, Any]) -> None:
        if "n" not in said:
            life.unnumbered += said["rows"]
            life.told += said["rows"]
            return
        key = (said.get("w", life.writer), said["n"])
        first, last, why = said["f"], said["e"], said["why"]
        if key[0] == life.writer and why != "spooled":
            life.told += last - first + 1
        part = said.get("p", "")
        lane = self._of(key, part)
        if lane is not None and self._count(lane):
            doubt = part, said.get("l", 0), said.get("x", 0)
            lane.ended.append(Ended(first, last, why, key, *doubt, life.writer))
