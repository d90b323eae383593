"""Columns that some parts have and others do not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...errors import SchemaConflict
from ..cells.looks import Looks
from ..parts.plan import PlannedPart

__all__ = ["absent"]


def absent(
    stream: str,
    columns: Iterable[str],
    seen: Sequence[Mapping[str, Looks]],
    parts: Sequence[PlannedPart],
    *,
    widen: bool,
) -> dict[str, str]:
    """By column that parts do not have, what is to be noted. In JSONL a row that has no cell says
    no name. Raises SchemaConflict where parts must not differ."""
    found = {}
    for name in columns:
        without = [
            part.path
            for part, looks in zip(parts, seen, strict=True)
            if name not in looks and part.format != "jsonl"
        ]
        if not without:
            continue
        if not widen:
            raise SchemaConflict(
                f"{stream}: {without[0]} has no column {name!r}, but others have; "
                "use on_drift='widen', or read a period in which all parts have it"
            )
        found[name] = f"{len(without)} of {len(parts)} parts do not have this column: " + (
            without[0] + (", …" if len(without) > 1 else "")
        )
    return found
