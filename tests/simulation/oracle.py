"""The oracle: knows what collect() was given and returned, and the stored bytes. Nothing else.

It reads the files through Python's csv, works out the documented path by itself, and finds what is
lost, doubled, torn, reordered, misplaced or altered.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiocollect.typing import LOG_ROOT
from testkit.verdict import Verdict

# What a stranger appends without a line end (aiocollect.testing, FaultKind.TORN).
TORN_TAIL = b"~torn"
METADATA = ["$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row"]


@dataclass(frozen=True)
class Accepted:
    """One accepted row: where it belongs, what it holds, and its turn at its producer."""

    producer: str
    turn: int
    folder: str
    columns: tuple[str, ...]
    cells: tuple[Any, ...]
    index: int = 0  # within its call and stream


@dataclass(slots=True, kw_only=True)
class LifeVerdict(Verdict):
    """What the oracle found. ``unsure``: of the stored rows, those of calls that may have been
    accepted or not."""

    unsure: int = 0


def folder_of(workspace: str, names: tuple[str, str, str, str], microseconds: int) -> str:
    """The documented folder of a row, from the scoring time."""
    day = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return "/".join([workspace.lower(), *names, f"{day:%Y/%m/%d}"])


def split_part(path: str) -> tuple[str, str, int]:
    """Folder, writer ("" for a shared blob) and part number of a blob name."""
    folder, _, name = path.rpartition("/")
    match = re.fullmatch(r"data(?:-([0-9a-f]{10}(?:-\d)?))?(?:_(\d+))?\.csv", name)
    assert match, f"an unexpected blob: {path}"
    return folder, match[1] or "", int(match[2] or 0)


def same(cell: Any, text: str) -> bool:
    """Whether a stored text is the cell, by the documented rules for CSV."""
    if cell is None:
        return text == ""
    if isinstance(cell, bool):
        return text == ("true" if cell else "false")
    if isinstance(cell, float) and cell != cell:
        return text == "NaN"
    if isinstance(cell, int | float):
        return type(cell)(text) == cell
    return bool(text == cell)


class Oracle:
    """Collects what was accepted, then judges the stored files."""

    def __init__(self) -> None:
        self.accepted: dict[tuple[str, int], Accepted] = {}
        # By their ids: calls that were cancelled, so accepted whole or not at all.
        self.unsure: dict[str, list[tuple[str, int]]] = {}

    def expect_perhaps(self, correlation_id: str, rows: list[Accepted]) -> None:
        """acollect() was called with this id: until it is known better, whole or not at all."""
        self.expect(correlation_id, rows)
        self.unsure[correlation_id] = [(f"{correlation_id} {r.folder}", r.index) for r in rows]

    def confirm(self, correlation_id: str) -> None:
        """acollect() has returned."""
        del self.unsure[correlation_id]

    def deny(self, correlation_id: str) -> None:
        """acollect() has raised: nothing of it is ever stored."""
        for key in self.unsure.pop(correlation_id):
            del self.accepted[key]

    def expect(self, correlation_id: str, rows: list[Accepted]) -> None:
        """collect() has returned this id for these rows."""
        for row in rows:
            # The same id is used in several streams: the folder tells them apart.
            key = (f"{correlation_id} {row.folder}", row.index)
            assert key not in self.accepted, "the simulation used one id twice in one stream"
            self.accepted[key] = row

    def judge(
        self,
        blobs: dict[str, bytes],
        destroyed: list[tuple[str, bytes]],
        *,
        complete: bool,
        comes_back: bool = False,
    ) -> LifeVerdict:
        """Compare the blobs of rows; those of the log are not looked at here. ``destroyed`` is what
        others deleted; ``complete``: nothing may be missing;
        ``comes_back``: a writer may come back from its own blobs to the shared ones, so that only
        the order within either is known."""
        verdict = LifeVerdict()
        seen: set[tuple[str, int]] = set()
        turns: dict[tuple[str, str, tuple[str, ...]], int] = defaultdict(lambda: -1)
        # Shared parts before own ones: a writer that may not read leaves the shared ones for good.
        rows = [path for path in blobs if not path.startswith(LOG_ROOT)]
        for path in sorted(rows, key=split_part):
            folder, writer, _ = split_part(path)
            for key in self._rows(path, folder, blobs[path], verdict):
                if key in seen:
                    verdict.note("doubled", f"{key} in {path}")
                    continue
                seen.add(key)
                row = self.accepted[key]
                lane = (row.producer, f"{folder} {writer}" if comes_back else folder, row.columns)
                if row.turn < turns[lane]:
                    where = f"{key} in {path}: {row.turn} after {turns[lane]}"
                    verdict.note("reordered", where)
                turns[lane] = max(row.turn, turns[lane])
        verdict.stored = len(seen)
        for path, data in destroyed:
            if path.startswith(LOG_ROOT):
                continue
            seen.update(self._rows(path, split_part(path)[0], data, verdict))
        unsure = {key for keys in self.unsure.values() for key in keys}
        verdict.unsure = len(unsure & seen)
        if complete:
            for lost in sorted(self.accepted.keys() - seen - unsure):
                verdict.note("lost", lost)
            for correlation_id, keys in self.unsure.items():
                there = len(seen & set(keys))
                if 0 < there < len(keys):
                    verdict.note("halved", f"{correlation_id}: {there} of {len(keys)} rows")
        return verdict

    def _rows(
        self, path: str, folder: str, data: bytes, verdict: LifeVerdict
    ) -> list[tuple[str, int]]:
        """The keys of the rows of one file, in order."""
        data, _, behind = data.partition(TORN_TAIL)
        if behind.replace(TORN_TAIL, b""):
            verdict.note("torn", f"{path}: something was written on a stranger's line")
        if not data:
            return []
        text = data.decode("utf-8")
        if not text.endswith("\n"):
            verdict.note("torn", f"{path} does not end with a newline")
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        if header[-3:] != METADATA:
            verdict.note("torn", f"{path} begins with {header}")
            return []
        columns = tuple(header[:-3])
        keys = []
        for row in rows:
            if len(row) != len(header) or not row[-1].isdigit():
                verdict.note("torn", f"{path}: {row}")
                continue
            key = (f"{row[-3]} {folder}", int(row[-1]))
            expected = self.accepted.get(key)
            if expected is None:
                elsewhere = any(other[0].startswith(row[-3]) for other in self.accepted)
                verdict.note("misplaced" if elsewhere else "foreign", f"{key} in {path}")
                continue
            if expected.columns != columns:
                verdict.note("misplaced", f"{key} in {path}, under the columns {columns}")
            if not all(map(same, expected.cells, row[:-3])):
                verdict.note("altered", f"{key} in {path}: {row[:-3]}, not {expected.cells}")
            keys.append(key)
        return keys
