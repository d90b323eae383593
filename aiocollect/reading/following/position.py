"""Where a follower is: how far each part was handed out. Pure.

A position is a text that a consumer keeps with what it made of the rows. Whoever goes on from it
gets each later row once, since append blobs only grow: an offset, and which blob it is an offset
of, is all that there is to know. A blob is known by its creation time and by a check of the bytes
before the offset, never by its name alone.

It is a snapshot too: ``read(as_of=position)`` gives the rows that were handed out, or were there
before the follower began.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import orjson

from ...errors import ConfigError
from ..parts.plan import Plan, PlannedPart, is_snapshot, thawed

__all__ = ["CHECKED", "Mark", "Position", "check_of", "frozen_plan", "position_of", "resumed"]

_MARK: Final = "aiocollect-position1."
# So many bytes before the offset are compared: they hold at least a part of a row's own id or time.
CHECKED: Final = 64


class Mark(NamedTuple):
    """How far one part was handed out: ``at`` is an offset, the end of a row.

    ``checked``: of so many bytes before it ``crc`` is the CRC-32; 0: nobody has seen them; below 0:
    ``at`` is how long the part was, and may be within a row.
    """

    created: str
    at: int
    checked: int
    crc: int
    format: str
    begin: int
    end: int


class Position(NamedTuple):
    """``of``: model, version and stream. ``floor``: rows scored before it are left out
    (microseconds since 1970). ``looks``: what the cells of each column were like so far."""

    of: tuple[str, str, str]
    floor: int
    looks: dict[str, tuple[str, ...]]
    marks: Mapping[str, Mark]

    def plan(self) -> Plan:
        """The rows up to here, to be read."""
        parts = [
            PlannedPart(self.of[2], path, mark.at, mark.created, mark.format, mark.begin, mark.end)
            for path, mark in sorted(self.marks.items(), key=_by_number)
        ]
        return Plan({self.of[2]: tuple(parts)})

    def text(self) -> str:
        """Letters, digits, dots, dashes and underscores."""
        said = {
            "of": self.of,
            "floor": self.floor,
            "looks": self.looks,
            "parts": [[path, *mark] for path, mark in self.marks.items()],
        }
        data = zlib.compress(orjson.dumps(said), 9)
        return _MARK + base64.urlsafe_b64encode(data).decode().rstrip("=")


def _by_number(item: tuple[str, Mark]) -> tuple[int, list[int | str]]:
    """data_2 before data_10, so that rows of one writer keep their order."""
    pieces = re.split(r"(\d+)", item[0])
    return item[1].begin, [int(text) if at % 2 else text for at, text in enumerate(pieces)]


def check_of(before: bytes) -> tuple[int, int]:
    """How many bytes are checked, and their CRC-32."""
    return len(before), zlib.crc32(before)


def position_of(text: str) -> Position | None:
    """What a text says; None where it is no position."""
    if not text.startswith(_MARK):
        return None
    text = text.removeprefix(_MARK)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        said = orjson.loads(zlib.decompress(data))
        model, version, stream = said["of"]
        looks = {name: tuple(look) for name, look in said["looks"].items()}
        marks = {path: Mark(*mark) for path, *mark in said["parts"]}
    except (binascii.Error, zlib.error, ValueError, TypeError, AttributeError, KeyError):
        raise ConfigError(
            "since= is a position that was cut or changed; pass the whole text of .position"
        ) from None
    return Position((model, version, stream), said["floor"], looks, marks)


def frozen_plan(as_of: str, streams: Iterable[str] | None) -> Plan:
    """The plan that a snapshot or a position names. ConfigError where it is neither."""
    found = position_of(as_of) if isinstance(as_of, str) else None
    if found is None:
        return thawed(as_of, streams=streams)
    if streams is not None and list(streams) != [found.of[2]]:
        raise ConfigError(f"as_of= is a position; read it with streams={found.of[2]!r}")
    return found.plan()


def resumed(since: str, *, model: str, version: str | None, stream: str) -> Position | None:
    """The position that ``since`` names: one of a follower, or the snapshot of a dataset; None
    where it is neither. ConfigError where it is of another stream."""
    found = position_of(since)
    if found is None:
        if not is_snapshot(since):
            return None
        parts = thawed(since, streams=(stream,)).parts
        marks = {
            part.path: Mark(
                part.created,
                part.length,
                # A file that nobody keeps a ledger of may end within a row: it is read anew.
                0 if part.committed else -1,
                0,
                part.format,
                part.begin,
                part.end,
            )
            for part in parts
        }
        return Position((model, version or "", stream), 0, {}, marks)
    of = found.of
    if (of[0], of[2]) != (model, stream) or version not in (None, of[1]):
        raise ConfigError(
            f"since= is a position in {'/'.join(of)}; follow that stream, or begin with since='now'"
        )
    return found
