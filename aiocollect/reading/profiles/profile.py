"""What a dataset's rows are like: how many there are each day, what they lack, how each column is
spread; and how that differs from a baseline. Pure, and of bounded memory.

One pass over the rows makes a profile; the command line, and whoever shows drift, live on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ..._public import publish
from ...typing import METADATA
from ..asked.request import LABELS
from ..join.matching import is_ours
from ..join.times import within
from .drift import Categories, Numbers, bins_of, psi

__all__ = ["ColumnDrift", "ColumnProfile", "DayCount", "Profile"]

ID, TIME, _ = METADATA
_DAY: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)
_MILLIS: Final = 1000  # microseconds in one
# Of an id of ours: its milliseconds since 1970, in 12 hexadecimal digits with a dash among them.
_DIGITS: Final = [(start, start + 1) for start in (*range(8), *range(9, 13))]


class DayCount(NamedTuple):
    """A UTC day of scoring: its ``rows``, and how many of them lack which stream; ``lacking`` is
    None where folders are longer than a day, or days cannot be told apart."""

    day: date
    rows: int
    lacking: Mapping[str, int] | None

    @property
    def paired_share(self) -> float | None:
        """The share of rows that lack no stream but labels, from 0 to 1; None where there are not
        several such streams, or days cannot be told apart."""
        return _paired(self.rows, self.lacking)

    @property
    def labelled_share(self) -> float | None:
        """The share of rows that have labels, from 0 to 1; None where there is no other stream."""
        return _labelled(self.rows, self.lacking)


class ColumnProfile(NamedTuple):
    """A column: its Arrow ``type`` as text, how many cells there are and are ``missing``; of
    numbers ``numbers``, of text and truth values ``categories``, of others neither."""

    name: str
    type: str
    cells: int
    missing: int
    numbers: Numbers | None
    categories: Categories | None

    @property
    def missing_share(self) -> float:
        """Of its cells, from 0 to 1."""
        return self.missing / self.cells if self.cells else 0.0

    @property
    def nan_share(self) -> float:
        """Of its cells, from 0 to 1."""
        return self.numbers.nan / self.cells if self.numbers and self.cells else 0.0

    @property
    def different(self) -> int | None:
        """How many different values it has; None: too many to be counted, or of another kind."""
        if self.numbers is not None:
            return self.numbers.different if self.numbers.exact else None
        if self.categories is not None and self.categories.counts is not None:
            return len(self.categories.counts)
        return None


class ColumnDrift(NamedTuple):
    """A column now and at a baseline; None for a side that does not have it.

    ``psi``: the population stability index, see profiles/drift.py; None: there are no bins, since
    the column is of another type, of moments, of too many texts, or has no cells. ``bins``: the
    shares in each bin, now and then. ``new``: categories that the baseline does not have, with the
    number of their cells.
    """

    name: str
    now: ColumnProfile | None
    baseline: ColumnProfile | None
    psi: float | None
    bins: tuple[tuple[float, ...], tuple[float, ...]] | None
    new: Mapping[str, int]

    @property
    def new_share(self) -> float:
        """The share of cells, from 0 to 1, whose category is a new one."""
        return sum(self.new.values()) / self.now.cells if self.now and self.now.cells else 0.0


class Profile:
    """What the rows of a dataset are like; made by Dataset.profile().

    ``rows``; ``missing``: how many of them lack which stream; ``delays``: how long after the
    scoring labels came, in seconds, of each label under one of our ids that says anything.
    """

    def __init__(self, streams: Iterable[str] = ()) -> None:
        self.rows = 0
        self.missing = dict.fromkeys(streams, 0)
        self.delays = Numbers()
        self._days: dict[int, int] = {}
        self._lacking: dict[int, dict[str, int]] | None = {}
        self._cells: dict[str, _Column] = {}

    def __repr__(self) -> str:
        return f"<Profile: {self.rows} rows, {len(self._days)} days, {len(self._cells)} columns>"

    # Rows go in ---------------------------------------------------------------------------------

    def add(self, table: Any, lacking: Mapping[str, int], span: tuple[int, int] | None) -> None:
        """Count rows, of which so many lack a stream, and which are of a stretch of time in
        microseconds; None: of none."""
        self.rows += len(table)
        for name, count in lacking.items():
            self.missing[name] = self.missing.get(name, 0) + count
        if TIME in table.column_names:
            days = pc.value_counts(pc.drop_null(table[TIME]).cast(pa.date32()).cast(pa.int32()))
            for day in days.to_pylist():
                self._days[day["values"]] = self._days.get(day["values"], 0) + day["counts"]
        self._count_lacking(lacking, span)
        for name in table.column_names:
            if name in METADATA:
                continue
            column = self._cells.get(name)
            if column is None:
                column = self._cells[name] = _Column(table.schema.field(name).type)
            column.add(table[name])

    def add_labels(self, table: Any, begin: int, end: int) -> None:
        """Count how late labels came, of rows that were scored from begin until before end, in
        microseconds: of a table with our id, the time of the label, and what it says."""
        says = None
        for name in table.column_names:
            if name not in METADATA:
                valid = pc.is_valid(table[name])
                says = valid if says is None else pc.or_(says, valid)
        ours = pc.fill_null(is_ours(table[ID]), False)
        table = within(table.filter(ours if says is None else pc.and_(ours, says)), begin, end)
        if len(table):
            scored = pc.multiply(_millis_of(table[ID]), _MILLIS)
            late = pc.divide(pc.subtract(table[TIME].cast(pa.int64()), scored), 1e6)
            self.delays.add(late)

    def merge(self, other: Profile) -> None:
        """Count the rows of another profile too, such as those of another day: as if all of them
        had been looked at in one pass. A column that is of numbers here and of text there is of
        neither."""
        self.rows += other.rows
        for name, count in other.missing.items():
            self.missing[name] = self.missing.get(name, 0) + count
        self.delays.merge(other.delays)
        for day, rows in other._days.items():
            self._days[day] = self._days.get(day, 0) + rows
        if self._lacking is None or other._lacking is None:
            self._lacking = None
        else:
            for day, lacking in other._lacking.items():
                mine = self._lacking.setdefault(day, {})
                for name, count in lacking.items():
                    mine[name] = mine.get(name, 0) + count
        for name, column in other._cells.items():
            if name not in self._cells:
                self._cells[name] = _Column(column.type)
            self._cells[name].merge(column)

    def _count_lacking(self, lacking: Mapping[str, int], span: tuple[int, int] | None) -> None:
        if span is None or span[0] // _DAY != (span[1] - 1) // _DAY:
            self._lacking = None
        if self._lacking is None or span is None:
            return
        day = self._lacking.setdefault(span[0] // _DAY, {})
        for name, count in lacking.items():
            day[name] = day.get(name, 0) + count

    # What they are like -------------------------------------------------------------------------

    @property
    def paired_share(self) -> float | None:
        """See DayCount; of all rows."""
        return _paired(self.rows, self.missing)

    @property
    def labelled_share(self) -> float | None:
        """See DayCount; of all rows."""
        return _labelled(self.rows, self.missing)

    @property
    def days(self) -> list[DayCount]:
        """The days on which rows were scored, in order."""
        return [
            DayCount(
                _EPOCH + timedelta(days=day),
                rows,
                None if self._lacking is None else self._lacking.get(day, {}),
            )
            for day, rows in sorted(self._days.items())
        ]

    @property
    def columns(self) -> dict[str, ColumnProfile]:
        """The columns that the collector did not add, by their names."""
        return {
            name: ColumnProfile(
                name, str(one.type), one.cells, one.missing, one.numbers, one.categories
            )
            for name, one in self._cells.items()
        }

    def drift_from(self, baseline: Profile) -> list[ColumnDrift]:
        """Each column beside itself at the baseline; those that drift most come first."""
        mine, theirs = self.columns, baseline.columns
        found = [
            _drift(name, mine.get(name), theirs.get(name))
            for name in dict.fromkeys([*mine, *theirs])
        ]
        return sorted(found, key=lambda one: -1.0 if one.psi is None else one.psi, reverse=True)


class _Column:
    """The cells of one column so far."""

    def __init__(self, type_: Any) -> None:
        self.type = type_
        self.cells = self.missing = 0
        self.numbers: Numbers | None = None
        self.categories: Categories | None = None
        numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
        if any(test(type_) for test in numeric):
            self.numbers = Numbers()
        elif pa.types.is_string(type_) or pa.types.is_boolean(type_):
            self.categories = Categories()

    def add(self, cells: Any) -> None:
        self.cells += len(cells)
        self.missing += cells.null_count
        if self.numbers is not None:
            self.numbers.add(cells)
        elif self.categories is not None:
            self.categories.add(cells)

    def merge(self, other: _Column) -> None:
        empty, theirs_empty = self.cells == self.missing, other.cells == other.missing
        self.cells += other.cells
        self.missing += other.missing
        if theirs_empty:
            return
        if empty:
            # Nothing has shown yet what this column is of.
            fresh = _Column(other.type)
            self.type, self.numbers, self.categories = fresh.type, fresh.numbers, fresh.categories
        elif self.type != other.type:
            self.type = pa.float64() if self.numbers and other.numbers else pa.string()
        if self.numbers is not None and other.numbers is not None:
            self.numbers.merge(other.numbers)
        elif self.categories is not None and other.categories is not None:
            self.categories.merge(other.categories)
        else:
            self.numbers = self.categories = None


def _drift(name: str, now: ColumnProfile | None, baseline: ColumnProfile | None) -> ColumnDrift:
    if now is None or baseline is None:
        return ColumnDrift(name, now, baseline, None, None, {})
    mine, theirs = now.numbers or now.categories, baseline.numbers or baseline.categories
    counts = bins_of(mine, theirs) if mine is not None and theirs is not None else None
    new: dict[str, int] = {}
    if isinstance(mine, Categories) and isinstance(theirs, Categories):
        known = theirs.counts
        if mine.counts is not None and known is not None:
            new = {value: count for value, count in mine.counts.items() if value not in known}
    if counts is None:
        return ColumnDrift(name, now, baseline, None, None, new)
    shares = tuple(tuple(count / sum(side) for count in side) for side in counts)
    return ColumnDrift(name, now, baseline, psi(*counts), (shares[0], shares[1]), new)


def _paired(rows: int, lacking: Mapping[str, int] | None) -> float | None:
    scored = [] if lacking is None else [lacking[name] for name in lacking if name != LABELS]
    return 1 - sum(scored) / rows if len(scored) > 1 and rows else None


def _labelled(rows: int, lacking: Mapping[str, int] | None) -> float | None:
    if lacking is None or LABELS not in lacking or len(lacking) == 1 or not rows:
        return None
    return 1 - lacking[LABELS] / rows


def _millis_of(ids: Any) -> Any:
    """The milliseconds since 1970 that ids of ours carry (_core/ids.py)."""
    total = None
    for start, end in _DIGITS:
        digit = pc.index_in(pc.utf8_slice_codeunits(ids, start, end), value_set=_HEX)
        digit = digit.cast(pa.int64())
        total = digit if total is None else pc.add(pc.multiply(total, 16), digit)
    return total


_HEX: Final = pa.array([f"{digit:x}" for digit in range(16)])

publish("aiocollect.reading", ColumnDrift, ColumnProfile, DayCount, Profile)
