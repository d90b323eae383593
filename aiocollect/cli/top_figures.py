"""What ``aiocollect top`` shows, from status files as they were read one after the other. Pure.

The page computes the same in the browser (page/static/live/history.js and verdict.js): the words of
the verdict are the same, and a test holds one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

from aiocollect.remedies import explain
from aiocollect.stats import Latencies, StreamState

__all__ = ["Figures", "Level", "Point", "ProcessFigures", "StreamFigures", "TopHistory"]

Level = Literal["good", "warn", "bad"]
# Seconds: after which a silent process was killed or hangs; for which a loss makes the verdict;
# over which rates and latencies are taken. Blocks are sent every linger, so a rate of one second
# would be 0 and twice itself in turn.
STALE: Final = 5.0
LOSS: Final = 60.0
LATELY: Final = 10.0


class ProcessFigures(NamedTuple):
    """One process. Rates are in rows a second, ages and latencies in seconds; None: not known.

    ``budget_share`` is the share of max_memory_bytes in use. ``lost`` rows were dropped or
    dead-lettered.
    """

    pid: int
    node: str
    writer: str
    state: str
    level: Level
    accepted_rate: float | None
    stored_rate: float | None
    waiting: int
    oldest_age: float | None
    append_p50: float | None
    append_p99: float | None
    budget_share: float
    lost: int


class StreamFigures(NamedTuple):
    """One blob path of a stream, as StreamStats in aiocollect.stats has it. ``remedy``: "" without
    a code."""

    pid: int
    stream: str
    part: str
    state: StreamState
    code: str
    remedy: str
    rate: float | None
    sample_rate: float | None
    stored: int
    waiting: int
    oldest_age: float | None
    blocks: int
    max_blocks: int


class Figures(NamedTuple):
    """One look. ``held_elsewhere``: what is held that is no stream, by its name: (code, remedy)."""

    at: float
    verdict: str
    level: Level
    processes: list[ProcessFigures]
    streams: list[StreamFigures]
    more_streams: int
    held_elsewhere: dict[str, tuple[str, str]]
    unreadable: list[tuple[str, str]]


class Point(NamedTuple):
    """What one status file counted."""

    at: float
    accepted: int
    stored: int
    lost: int
    latency: tuple[int, ...]
    streams: dict[tuple[str, str], int]  # rows stored, by path and stream


class TopHistory:
    """The last minute of each process."""

    def __init__(self) -> None:
        self._points: dict[str, list[Point]] = {}

    def __repr__(self) -> str:
        return f"<TopHistory of {sorted(self._points)}>"

    def look(
        self, processes: Iterable[dict[str, Any]], unreadable: Iterable[tuple[str, str]], now: float
    ) -> Figures:
        """What these statuses say, with what was seen before. ``now`` is in seconds since 1970."""
        shown, odd = [], list(unreadable)
        elsewhere: dict[str, tuple[str, str]] = {}
        more = 0
        for one in processes:
            try:
                self._remember(one)
                process, some = self._process(one, now), self._streams(one, now)
                held, left_out = _elsewhere(one), int(one["more_streams"])
                shown.append((one, process, some))
                elsewhere |= held
                more += left_out
            except (AttributeError, KeyError, TypeError, ValueError):
                odd.append((f"process {one['pid']}", "a member of its status file is not valid"))
        there = {one["writer"] for one, _, _ in shown}
        for writer in self._points.keys() - there:
            del self._points[writer]
        statuses = [one for one, _, _ in shown]
        words, level = self._verdict(statuses, bool(odd), now)
        streams = [stream for _, _, some in shown for stream in some]
        streams.sort(key=lambda one: (not one.code, -one.waiting, -one.stored, one.stream))
        found = [process for _, process, _ in shown]
        return Figures(now, words, level, found, streams, more, elsewhere, odd)

    def _remember(self, one: dict[str, Any]) -> None:
        stats = one["stats"]
        point = Point(
            float(one["at"]),
            int(stats["accepted"]),
            int(stats["stored"]),
            _lost(stats),
            tuple(map(int, stats["append_latency"]["counts"])),
            {(found["path"], found["stream"]): int(found["stored"]) for found in one["streams"]},
        )
        points = self._points.setdefault(one["writer"], [])
        if points and points[-1].at == point.at:
            return
        if points and points[-1].accepted > point.accepted:
            points.clear()  # it has started again
        points.append(point)
        while len(points) > 2 and points[0].at < point.at - LOSS - STALE:
            points.pop(0)

    def _rate(self, one: dict[str, Any], now: float, read: Callable[[Point], int]) -> float | None:
        before, last = self._since(one, LATELY)
        if before is last or _silent(one, now):
            return None
        return max(0.0, (read(last) - read(before)) / (last.at - before.at))

    def _since(self, one: dict[str, Any], seconds: float) -> tuple[Point, Point]:
        points = self._points[one["writer"]]
        return next(point for point in points if point.at >= points[-1].at - seconds), points[-1]

    def _process(self, one: dict[str, Any], now: float) -> ProcessFigures:
        stats = one["stats"]
        before, last = self._since(one, LATELY)
        late = Latencies(
            counts=tuple(b - a for a, b in zip(before.latency, last.latency, strict=True))
        )
        state, level = self._verdict([one], False, now)
        return ProcessFigures(
            int(one["pid"]),
            str(one["node"]),
            str(one["writer"]),
            f"silent for {now - one['at']:.0f} s" if _silent(one, now) else state,
            level,
            self._rate(one, now, lambda point: point.accepted),
            self._rate(one, now, lambda point: point.stored),
            int(stats["in_memory"]) + int(stats["in_spool"]),
            _known(stats["oldest_age"]),
            late.quantile(0.5),
            late.quantile(0.99),
            stats["budget_used"] / stats["budget"] if stats["budget"] else 0.0,
            _lost(stats),
        )

    def _streams(self, one: dict[str, Any], now: float) -> list[StreamFigures]:
        return [self._stream(one, found, now) for found in one["streams"]]

    def _stream(self, one: dict[str, Any], found: dict[str, Any], now: float) -> StreamFigures:
        key = found["path"], found["stream"]
        code, state = str(found["code"]), found["state"]
        if state not in get_args(StreamState):
            raise ValueError(state)
        return StreamFigures(
            *(int(one["pid"]), str(found["stream"]), str(found["part"]), state, code),
            str(explain(code)) if code else "",
            self._rate(one, now, lambda point: point.streams.get(key, 0)),
            _known(found["sample_rate"]),
            *(int(found["stored"]), int(found["waiting"]), _known(found["oldest_age"])),
            *(int(found["blocks"]), int(found["max_blocks"])),
        )

    def _verdict(
        self, shown: Sequence[dict[str, Any]], unreadable: bool, now: float
    ) -> tuple[str, Level]:
        """The first sentence that is true, the worst ones first."""
        if not shown:
            if unreadable:
                return "no status file can be read", "bad"
            return "no process writes here", "warn"
        streams = [stream for one in shown for stream in one["streams"]]
        held = sum(stream["state"] == "held" for stream in streams)
        held += sum("/" not in name for one in shown for name in one["stats"]["held"])
        if held:
            return f"{held} held: needs you", "bad"
        gone = [one for one in shown if _silent(one, now)]
        if gone:
            who = f"process {gone[0]['pid']} is" if len(gone) == 1 else f"{len(gone)} processes are"
            return f"{who} silent", "bad"
        if any(self._loses(one) for one in shown):
            return "rows are being lost", "bad"
        if any(stream["state"] == "retrying" and stream["code"] for stream in streams):
            return "the store gives no answer: rows wait", "warn"
        if all(one["closed"] for one in shown):
            return "closed", "warn"
        if not all(one["healthy"] or one["closed"] for one in shown):
            return "rows wait longer than they should", "warn"
        rates = [rate for one in shown for rate in one["stats"]["sample_rates"].values()]
        if rates and not any(rates):
            return "recording is switched off", "warn"
        if not any(one["stats"]["accepted"] for one in shown):
            return "on, and no rows have come yet", "good"
        return "rows find their way", "good"

    def _loses(self, one: dict[str, Any]) -> bool:
        before, last = self._since(one, LOSS)
        return last.lost > before.lost


def _elsewhere(one: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What a process holds that is no path: the host, the spool; with code and remedy."""
    held = {str(name): str(code) for name, code in one["stats"]["held"].items() if "/" not in name}
    return {name: (code, str(explain(code))) for name, code in held.items()}


def _known(number: Any) -> float | None:
    return None if number is None else float(number)


def _silent(one: dict[str, Any], now: float) -> bool:
    return bool(now - one["at"] > STALE)


def _lost(stats: dict[str, Any]) -> int:
    return int(sum(stats["dropped"].values()) + sum(stats["dead_lettered"].values()))
