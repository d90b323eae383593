"""The plan of a read: which parts, in which order, and how long each of them is. Pure.

A plan is frozen: lengths and creation times are those of the moment it was made. Append blobs only
grow, so the same plan gives the same bytes for as long as its blobs live. As a text it is the
snapshot, which read(as_of=…) takes.

Order: by the time of the folder; within one, shared parts before those of single writers, each by
number. So rows of one writer stay in the order in which they were recorded.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from ...errors import ConfigError
from .places import PartPlace

__all__ = [
    "HEAD",
    "RANGE",
    "PlannedPart",
    "Plan",
    "is_snapshot",
    "narrowed",
    "order_of",
    "planned",
    "snapshot_of",
    "spans_of",
    "thawed",
]

# Bytes of one answer: what is parsed at once. Small enough that memory is used again: of fresh
# memory each page is a fault, and with ranges of 8 MiB these took as long as half of the parsing.
RANGE: Final = 2 * 2**20
# Bytes of a part's beginning: enough rows to see what columns are like.
HEAD: Final = 64 * 1024
_MARK: Final = "aiocollect2."
_NOTHING: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


class PlannedPart(NamedTuple):
    """One blob of a plan: where it is, whose it is, and as far as it is read.

    ``length`` in bytes, ``created`` tells this blob from another one of its name, ``begin`` and
    ``end`` are the time of its folder in microseconds since 1970. ``committed`` is False where
    nobody knows how much of the file was acknowledged, so that its last line may be torn.
    ``start``: the rows begin there, where one ends; those before it are not wanted. A part that is
    read in several pieces, from where somebody stopped, or behind its watermark in compacted files.
    ``checked``: rows that the compacted files of its day have are left out.
    """

    stream: str
    path: str
    length: int
    created: str
    format: str
    begin: int
    end: int
    committed: bool = True
    start: int = 0
    checked: bool = False


class Plan(NamedTuple):
    """The parts of each stream in order; and by stream and column the types that the pipeline
    declared, as far as the log has them."""

    streams: dict[str, tuple[PlannedPart, ...]]
    declared: Mapping[str, Mapping[str, str]] = _NOTHING

    @property
    def parts(self) -> tuple[PlannedPart, ...]:
        """All parts, stream by stream."""
        return tuple(part for parts in self.streams.values() for part in parts)


def order_of(place: PartPlace, path: str) -> tuple[int, str, int, int, str]:
    """What parts are sorted by."""
    return place.begin, place.writer, place.ordinal, place.number, path


def planned(
    found: Iterable[tuple[PlannedPart, PartPlace]], *, streams: Iterable[str], begin: int, end: int
) -> Plan:
    """The plan of the blobs whose folders lie in a span of time."""
    sorted_: dict[str, list[tuple[Any, PlannedPart]]] = {stream: [] for stream in streams}
    for part, place in found:
        if part.stream in sorted_ and part.begin < end and begin < part.end:
            sorted_[part.stream].append((order_of(place, part.path), part))
    return Plan({stream: tuple(part for _, part in sorted(of)) for stream, of in sorted_.items()})


def narrowed(plan: Plan, begin: int, end: int, *, open_ended: Iterable[str] = ()) -> Plan:
    """Of a plan the parts whose folders lie in a span of time; of some streams the later ones
    too."""
    return plan._replace(
        streams={
            stream: tuple(
                part
                for part in parts
                if begin < part.end and (part.begin < end or stream in open_ended)
            )
            for stream, parts in plan.streams.items()
        }
    )


def spans_of(plan: Plan) -> list[tuple[int, int]]:
    """The stretches of time that can be joined by themselves, in order: folders of several streams
    that overlap, as one by the day and another by the hour, are one stretch."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted({(part.begin, part.end) for part in plan.parts}):
        if spans and begin < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans


def is_snapshot(text: str) -> bool:
    """Whether a text says that it is one."""
    return text.startswith(_MARK)


def snapshot_of(plan: Plan) -> str:
    """The plan as a text of letters, digits, - and _."""
    parts = {stream: [list(part[1:]) for part in parts] for stream, parts in plan.streams.items()}
    types = {stream: dict(types) for stream, types in plan.declared.items() if types}
    data = zlib.compress(orjson.dumps({"parts": parts, "types": types}), 9)
    return _MARK + base64.urlsafe_b64encode(data).decode().rstrip("=")


def thawed(snapshot: str, *, streams: Iterable[str] | None = None) -> Plan:
    """The plan that a snapshot names, or of it these streams. ConfigError where it has none."""
    problem = "as_of= is not a snapshot; pass the text of the .snapshot of a dataset"
    if not isinstance(snapshot, str) or not snapshot.startswith(_MARK):
        raise ConfigError(problem)
    text = snapshot.removeprefix(_MARK)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        said = orjson.loads(zlib.decompress(data))
        found = {
            stream: tuple(PlannedPart(stream, *part) for part in parts)
            for stream, parts in said["parts"].items()
        }
        declared = {stream: dict(types) for stream, types in said["types"].items()}
    except (binascii.Error, zlib.error, ValueError, TypeError, AttributeError, KeyError):
        raise ConfigError(problem) from None
    for stream in streams or ():
        if stream not in found:
            raise ConfigError(f"as_of= has no stream {stream!r}; it has {', '.join(found)}")
    if streams is not None:
        found = {stream: found[stream] for stream in streams}
    return Plan(found, {stream: types for stream, types in declared.items() if stream in found})
