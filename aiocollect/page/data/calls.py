"""What the data page asks of the way back, by its public names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from ...typing import METADATA
from .kept import Wish

if TYPE_CHECKING:
    from ...reading import Dataset, DayVerdict, StreamInfo

__all__ = ["Calls", "last_rows"]

# The last rows of a day, where values were asked for; and so much of each cell's text.
LAST: Final = 20
LONGEST: Final = 80
_STATES: Final = ("proven", "consistent", "open", "damaged")


class Calls:
    """``catalog`` has list() and fetch(). ``where`` are options of read() but the store: workspace,
    service, layout."""

    def __init__(
        self, catalog: Any, where: Mapping[str, Any], *, log_key: str | None = None
    ) -> None:
        self._catalog, self._where, self._log_key = catalog, dict(where), log_key

    def __repr__(self) -> str:
        return f"<Calls to {self._catalog!r}>"

    def streams(self) -> list[StreamInfo]:
        """All streams that have a model."""
        from ...reading import streams

        return [one for one in streams(self._catalog, **self._where) if one.model]

    def dataset(self, wish: Wish, stream: str | None, **options: Any) -> Dataset:
        """read() of the wish's model and version."""
        from ...reading import read

        version = wish.version or None
        where = self._where | options
        return read(self._catalog, wish.model, version=version, streams=stream, **where)

    def day(self, wish: Wish, stream: str | None, day: date, snapshot: str) -> Dataset:
        """The rows of a day, of these bytes."""
        end = day + timedelta(days=1)
        return self.dataset(wish, stream, start=day, end=end, as_of=snapshot)

    def bare_day(self, wish: Wish, day: date, snapshot: str) -> Dataset:
        """The joined rows of a day, without their cells: which there are, and what they lack."""
        end = day + timedelta(days=1)
        bare = {"columns": METADATA[:2], "prefix": True}
        return self.dataset(wish, None, start=day, end=end, as_of=snapshot, **bare)

    def verdicts(self, wish: Wish, first: date, last: date) -> dict[date, DayVerdict]:
        """What verify() says of the days of its stream. A day of hours is one: with the worst state
        of them, and all their findings."""
        from ...reading import verify

        found: dict[date, list[DayVerdict]] = {}
        verdict = verify(
            self._catalog,
            wish.model,
            version=wish.version or None,
            stream=wish.stream or None,
            start=first,
            end=last + timedelta(days=1),
            log_key=self._log_key,
            **self._where,
        )
        for one in verdict.days:
            found.setdefault(one.begin.date(), []).append(one)
        return {day: _as_one(of) for day, of in found.items()}


def _as_one(found: list[DayVerdict]) -> DayVerdict:
    worst = max(found, key=lambda one: _STATES.index(one.state))
    return worst._replace(
        parts=sum(one.parts for one in found),
        bytes=sum(one.bytes for one in found),
        stored=sum(one.stored for one in found),
        findings=tuple(finding for one in found for finding in one.findings),
    )


def last_rows(dataset: Any) -> tuple[list[str], list[list[str]]]:
    """Of its last piece: as much as is read at once."""
    pieces = dataset.splits(4 * 2**20)
    if not pieces:
        return [], []
    table = pieces[-1].table()
    time_ = METADATA[1]
    if time_ in table.column_names:
        table = table.sort_by([(time_, "ascending")])
    table = table.slice(max(0, len(table) - LAST))
    rows = [
        ["" if cell is None else str(cell) for cell in row.values()] for row in table.to_pylist()
    ]
    return table.column_names, rows[::-1]


def _text(cell: Any) -> str:
    """About as the files have it."""
    if cell is None:
        return ""
    return (str(cell).lower() if isinstance(cell, bool) else str(cell))[:LONGEST]
