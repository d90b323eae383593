"""Looks at the rows themselves, where no log tells of them, or where that is asked for.

What rows alone can show: that each of ours is there once, and that all of them are rows. Needs
pyarrow, as reading does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...typing import METADATA, Listed
from ..asked.notes import Notes
from ..fetch.fetcher import Fetcher
from ..fetch.opening import import_arrow
from ..parts.plan import PlannedPart
from .verdict import Finding

__all__ = ["RowCheck"]

ID, TIME, ROW = METADATA
# Rows whose hashes are kept at a time, 8 bytes each; a day of more is gone through several times.
ROWS: Final = 8_000_000
MOST: Final = 100
_OURS: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-ac[0-9a-f]{2}-[0-9a-f]{12}$"


class RowCheck:
    """Of one stream's folder."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def check(self, stream: str, parts: Sequence[Listed]) -> list[Finding]:
        """What is wrong with the rows of these parts."""
        import_arrow()
        from ..rows.stream import StreamReader

        planned = [
            PlannedPart(
                *(stream, part.path, part.length, part.created),
                *("jsonl" if part.path.endswith(".jsonl") else "csv", 0, 0, part.committed),
            )
            for part in sorted(parts)
        ]
        notes = Notes()
        reader = StreamReader(stream, planned, told={}, widen=True, strict=False, notes=notes)
        await reader.learn(self._fetcher)
        found = []
        if reader.has_ids and TIME in reader.columns:
            found = await self._doubles(reader, planned)
        else:
            async for _ in reader.tables(self._fetcher, planned, list(reader.columns)[:1]):
                pass
        for note in notes.all:
            if note.code in ("rows", "part", "torn"):
                found.append(Finding(kind="foreign", part=note.where, text=note.text))
        return found

    async def _doubles(self, reader: Any, parts: list[PlannedPart]) -> list[Finding]:
        """Rows of ours that are there twice. The time tells a label that was corrected from a
        label that is there twice; ids of others may come again."""
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.compute as pc  # type: ignore[import-untyped]

        wanted = [ID, TIME, *([ROW] if ROW in reader.columns else [])]
        total = sum(part.length for part in parts) // 64 + 1  # a row of ours has 64 bytes or more
        rounds = 1 if total <= ROWS else 16  # by the last digit of the id
        found: list[Finding] = []
        for turn in range(rounds):
            kept = []
            async for part, table in reader.tables(self._fetcher, parts, wanted):
                ours = pc.match_substring_regex(table[ID], _OURS)
                table = table.filter(pc.fill_null(ours, False))
                if rounds > 1:
                    digits = pc.binary_slice(pc.cast(table[ID], pa.binary()), -1)
                    table = table.filter(pc.equal(pc.cast(digits, pa.string()), f"{turn:x}"))
                kept.append(table.append_column("part", _repeated(pa, part.path, len(table))))
            if not kept:
                continue
            groups = (
                pa.concat_tables(kept)
                .group_by(wanted)
                .aggregate([("part", "count"), ("part", "min")])
            )
            twice = groups.filter(pc.greater(groups["part_count"], 1)).slice(0, MOST)
            found += [_doubled(row) for row in twice.to_pylist()]
        return found


def _repeated(pa: Any, text: str, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text])).cast(
        pa.string()
    )


def _index(row: dict[str, Any]) -> str:
    return f" and index {row[ROW]}" if row.get(ROW) is not None else ""


def _doubled(row: dict[str, Any]) -> Finding:
    times = row["part_count"]
    return Finding(
        kind="doubled",
        part=row["part_min"],
        rows=times - 1,
        before=row[ID],
        text=f"the row with this id{_index(row)} is there {times} times",
    )
