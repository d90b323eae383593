"""Reads the logs of a store: which files there are, and what their lines say.

Invariants: a life's files are read in the order of their days, as far as the chain holds; nothing
is kept of what they say but what Lives keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from ..._core.log_lines import parse
from ...errors import SnapshotGone
from ...typing import LOG_ROOT, Catalog, Listed
from ..fetch.fetcher import Fetcher, listing
from ..parts.plan import PlannedPart
from .lives import Lives

__all__ = ["LogFiles", "log_files", "read_logs"]

_name: Final = re.compile(
    LOG_ROOT
    + r"log/(\d{4})/(\d\d)/(\d\d)/([0-9a-f]{10})(-[0-9a-f]{10})?(?:-\d+)?(?:_(\d+))?\.jsonl"
).fullmatch
_DAY: Final = timedelta(days=1)

# The files of each life, by its writer, in order.
LogFiles = dict[str, list[Listed]]


async def log_files(catalog: Catalog, *, begin: int) -> LogFiles:
    """The logs of all lives that wrote something down since the day before ``begin``
    (microseconds since 1970), from their first day on. Rows of a day can be written down on that
    day or later, and, where clocks differ, a little before."""
    found: dict[str, list[tuple[tuple[str, str, int], Listed]]] = {}
    latest: dict[str, str] = {}
    for listed in await listing(catalog, f"{LOG_ROOT}log/"):
        said = _name(listed.path)
        if said is None:
            continue
        year, month, day, writer, own, number = said.groups()
        date = f"{year}{month}{day}"
        latest[writer] = max(latest.get(writer, ""), date)
        found.setdefault(writer, []).append(((date, own or "", int(number or 0)), listed))
    first = datetime.fromtimestamp(max(0, begin) / 1e6, UTC)
    since = (first - _DAY).strftime("%Y%m%d") if first.year > 1970 else ""
    return {
        writer: [listed for _, listed in sorted(files)]
        for writer, files in sorted(found.items())
        if latest[writer] >= since
    }


async def read_logs(
    fetcher: Fetcher, files: Mapping[str, Iterable[Listed]], lives: Lives, key: bytes | None
) -> None:
    """Have ``lives`` take what the files say."""
    for writer, listed in files.items():
        await _LifeReader(writer, lives, key).read(fetcher, listed)


class _LifeReader:
    """Of one life: follows its chain."""

    def __init__(self, writer: str, lives: Lives, key: bytes | None) -> None:
        self._writer = writer
        self._lives = lives
        self._life = lives.life(writer)
        self._key = key
        self._before = b""

    async def read(self, fetcher: Fetcher, files: Iterable[Listed]) -> None:
        """All files, in order, up to the first line that is not as it was written."""
        for listed in files:
            part = PlannedPart(
                "log", listed.path, listed.length, listed.created, "jsonl", 0, 0, listed.committed
            )
            wrong = ""
            rest, number = b"", 0
            try:
                async for stretch in fetcher.stretches([part]):
                    *lines, rest = (rest + stretch.data).split(b"\n")
                    for line in lines:
                        number += 1
                        if not self._take(line):
                            wrong = f"{listed.path}, line {number}, does not follow"
                            break
                    if wrong:
                        break
            except SnapshotGone:
                wrong = f"{listed.path} was deleted or replaced while it was read"
            if not wrong and rest and listed.committed:
                wrong = f"{listed.path} ends within a line"
            if wrong:
                self._break("chain", wrong)
                return
        if not self._life.begun:
            self._break("chain", "its beginning is missing")

    def _take(self, line: bytes) -> bool:
        """Whether the line is the next one of this life."""
        life = self._life
        key = self._key
        found = parse(line, self._before, key)
        if found is None:
            return False
        if not life.begun:
            signed = bool(found.fields.get("signed"))
            if signed and self._key is None:
                self._break("unchecked", "")
            elif not signed and self._key is not None:
                self._break("unsigned", "")
                self._key = None
                found = parse(line, self._before, None)
                assert found is not None
        unchecked = self._life.trouble is not None and self._life.trouble[0] == "unchecked"
        if not (found.follows or unchecked):
            return False
        self._before = found.hash
        try:
            self._lives.take(self._writer, found.fields)
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def _break(self, kind: str, text: str) -> None:
        life = self._life
        if life.trouble is None or kind == "chain":
            life.trouble = (kind, text)
        if kind == "chain":
            life.closed = False
