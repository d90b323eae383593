"""The log: writes down what became of rows, so that nothing can be missing unnoticed.

A record for each batch that is stored and for each end that is not storing, which lanes there are
and how far they went, and a sum a minute of what was accepted, refused and left out. verify()
(reading/proving/verify.py) holds it against the bytes; docs/reference/log.md has the format.

Invariants: it hears of rows where they become final, and nowhere on the scoring path; it never
writes down its own lines. Batches that are stored within a linger share a line; where a spool keeps
the lines, each is written down at once, so that it outlives a kill.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import inf
from typing import Any, Final
from zlib import crc32

from .._core.commands import Finish, Outcome
from .._core.log_lines import VERSION, Chain
from ..events import PossiblyStored, Settled
from ..typing import Clock
from .channel import Channel
from .counters import OTHERS, LogSums
from .log_sender import LogSender
from .settling import Ends
from .stream import Stream

__all__ = ["Log"]

# Seconds between two sums. Between them a sum can say too little, never too much.
SUM_EVERY: Final = 60.0
# So many streams have sums of their own; collectors that are made for each request share one.
STREAMS: Final = 1_000
# Lanes whose ends go into one line.
ENDS: Final = 200
# Batches that are told in one line, at most; and about the bytes of a line, and of a batch in it.
BATCHES: Final = 64
LINE: Final = 256
BATCH: Final = 48
# Lanes that are described with one write; the others are with the next ones.
LANES: Final = 64

_WHY: Final = {
    Outcome.DROPPED: "dropped",
    Outcome.DEAD_LETTERED: "dead",
    Outcome.POSSIBLY_STORED: "possibly",
    Outcome.SPOOLED: "spooled",
}


class Log:
    """Of one process, the life of ``writer``. ``sums`` asks for its counts."""

    def __init__(
        self,
        sender: LogSender,
        *,
        writer: str,
        key: bytes | None,
        clock: Clock,
        sums: Callable[[], LogSums],
    ) -> None:
        self._sender = sender
        self._writer = writer
        self._chain = Chain(key)
        self._clock = clock
        self._sums = sums
        self._begun = False
        self._lanes: deque[tuple[Channel, Stream]] = deque()  # that nothing was said of yet
        self._stored: list[Settled] = []  # that nothing was said of yet
        self._most = 1 if sender.keeps else BATCHES
        self._missed = 0  # lines that found no room, since the last one that did
        self._accepted: dict[str, int] = {}
        self._said: dict[str, tuple[int, ...]] = {}  # what the last sums have said, by stream
        self._next_sum = 0.0
        sender.before_seal = self._tell

    def __repr__(self) -> str:
        return f"<Log of {self._writer}, {self._sender!r}>"

    @property
    def lost(self) -> int:
        """Records that are not in the store, and never will be."""
        return self._sender.lost

    # What it hears ----------------------------------------------------------------------------

    def opened(self, channel: Channel, stream: Stream) -> None:
        """A lane begins, for rows of this stream: said with the first of them that ends."""
        self._lanes.append((channel, stream))

    def closed(self, channel: Channel) -> None:
        """An idle lane is dropped: all its rows have ended."""
        parts = channel.lane.parts
        self._write({"k": "end", "lanes": {str(parts.serial): channel.accumulator.next}})

    def took(self, label: str, rows: int) -> None:
        """Rows of a stream were taken from the ring."""
        if label not in self._accepted and len(self._accepted) >= STREAMS:
            label = OTHERS
        self._accepted[label] = self._accepted.get(label, 0) + rows

    def ended(self, ends: Ends) -> None:
        """Rows have become final."""
        records = []
        for end in ends:
            if isinstance(end, Finish):
                if isinstance(end.notice, Settled):
                    self._stored.append(end.notice)
                    continue
                records.append(_record(end, self._writer))
                if end.first < 0:
                    self.took(records[-1]["s"], end.rows)  # no encoder took them
        if records or len(self._stored) >= self._most:
            self._write(*records)
        elif self._stored:
            self._sender.arm()

    def move_to_new_loop(self) -> None:
        """Go on with what another loop has left."""
        if self._stored:
            self._write()
        self._sender.move_to_new_loop()

    @property
    def held(self) -> dict[str, str]:
        """The file of it that waits for an operator, and why."""
        return self._sender.waits_for()

    # Sums -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Before lines are sent: those that are due."""
        if self._stored:
            self._write()
        now = self._clock.monotonic()
        if now >= self._next_sum:
            self._next_sum = now + SUM_EVERY
            self._write(self._sum())

    def _sum(self) -> dict[str, Any]:
        """All counts since the beginning, of the streams where one has changed."""
        sums = self._sums()
        labels = self._accepted.keys() | sums.refused.keys()
        labels |= sums.sampled_out.keys() | sums.redacted_out.keys()
        streams = {}
        for label in sorted(labels):
            refused = sums.refused.get(label, {})
            accepted = self._accepted.get(label, 0)
            left_out = sums.sampled_out.get(label, 0), sums.redacted_out.get(label, 0)
            said = accepted, sum(refused.values()), *left_out
            if self._said.get(label) != said:
                self._said[label] = said
                streams[label] = {
                    "accepted": accepted,
                    "refused": refused,
                    "sampled_out": left_out[0],
                    "redacted_out": left_out[1],
                }
        return {"k": "sum", "at": self._now(), "accepted": sums.accepted, "streams": streams}

    # Lines ------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock.time_ns() // 1000

    def _write(self, *records: dict[str, Any]) -> None:
        """Lines of these records, and before them of what is stored and the lanes that are new."""
        at = self._now()
        now = at / 1e6
        size = BATCH * len(self._stored)
        if self._stored:
            records = (*_sets(self._stored, self._writer), *records)
            self._stored = []
        if self._lanes:
            some = [self._lanes.popleft() for _ in range(min(len(self._lanes), LANES))]
            records = (*(_lane(*one) for one in some), *records)
        told = len(records)
        if self._missed:
            records = ({"k": "gap", "lines": self._missed}, *records)
        if self._sender.turns_day(now):
            kind = "day" if self._begun else "open"
            signed = self._chain.signed
            head = {"k": kind, "w": self._writer, "v": VERSION, "at": at, "signed": signed}
            records = (head, *records)
        # Room is asked for before the chain goes on: a line that is in the chain is sent.
        if not self._sender.has_room(LINE * len(records) + size):
            self._sender.lose(told, "full")
            self._missed += told
            return
        self._begun = True
        self._missed = 0
        line = self._chain.line
        self._sender.put([line(record) for record in records], now)

    async def close(self, channels: Iterable[Channel], timeout: float) -> None:
        """All rows have ended: say so, and send what waits, within ``timeout`` seconds."""
        if self._stored:
            self._write()
        if self._begun:
            while self._lanes:
                self._write()
            ends = [
                (str(channel.lane.parts.serial), channel.accumulator.next)
                for channel in channels
                if channel.lane.parts.writer == self._writer
            ]
            lines = [
                {"k": "end", "lanes": dict(ends[at : at + ENDS])}
                for at in range(0, len(ends), ENDS)
            ]
            self._write(*lines, self._sum(), {"k": "close", "at": self._now()})
            self._next_sum = inf  # nothing comes after the close
        await self._sender.close(timeout)


def _lane(channel: Channel, stream: Stream) -> dict[str, Any]:
    """Describes a lane; ``types`` are those that were declared."""
    parts, names = channel.lane.parts, stream.names
    return {
        "k": "lane",
        "n": parts.serial,
        "p": parts.path,
        "model": names.model,
        "version": names.version,
        "stream": names.identifier,
        "hl": len(parts.header),
        "hc": crc32(parts.header),
        **({"types": dict(stream.types)} if stream.types else {}),
    }


def _sets(stored: Iterable[Settled], writer: str) -> Iterable[dict[str, Any]]:
    """Batches that are stored: a record for those of each lane and part."""
    found: dict[tuple[str, int, str, str], dict[str, Any]] = {}
    for one in stored:
        key = one.life, one.lane, one.part, one.created
        said = found.get(key)
        if said is None:
            said = found[key] = {"k": "set"}
            if one.life and one.life != writer:
                said["w"] = one.life
            said |= {"n": one.lane, "p": one.part, "c": one.created, "b": []}
        said["b"].append((one.first, one.last, one.offset, one.length, one.crc))
    return found.values()


def _record(end: Finish, writer: str) -> dict[str, Any]:
    """Rows that came to another end."""
    notice: Any = end.notice  # one of those that end rows
    said: dict[str, Any] = {"k": "out"}
    if notice.life and notice.life != writer:
        said["w"] = notice.life
    if notice.first < 0:  # they never came to a lane
        return {**said, "s": notice.path, "rows": end.rows, "why": _why(end)}
    said |= {"n": notice.lane, "f": notice.first, "e": notice.last, "why": _why(end)}
    if isinstance(notice, PossiblyStored):
        said |= {"p": notice.part, "l": notice.length, "x": notice.crc}
    return said


def _why(end: Finish) -> str:
    why = _WHY[end.outcome]
    return f"{why}:{end.reason}" if end.reason else why
