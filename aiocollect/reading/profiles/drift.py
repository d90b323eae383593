"""How a column's cells are spread, in bounded memory, and how far two such are apart. Pure.

``Numbers`` counts up to LIMIT different numbers exactly. If there are more, numbers that agree in
their first bits are counted as one: as many bits as there can be, so that what is counted does not
depend on the order in which rows come, nor on how they come in batches.

``psi()`` is the population stability index, the sum of (a - b) ln(a / b) over bins, where a and b
are the shares that fall into a bin now and at the baseline. The bins of numbers are the deciles of
the baseline: each ends with the number up to which a tenth more of its rows lie, and where many
rows have one number there are fewer. The bins of text and truth values are the values. A share of 0
counts as 0.0001, since the logarithm of 0 has no value. NaN and missing are in no bin. Below 0.1
is commonly called stable, above 0.2 a shift (Siddiqi, Credit Risk Scorecards, 2006); by chance
alone it is about (bins - 1) (1/n + 1/m) for n and m rows.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

__all__ = ["Categories", "Numbers", "bins_of", "psi"]

LIMIT: Final = 4096
# Of text, beyond which it is no category: a column of sentences, or of identifiers.
CATEGORIES: Final = 500
LONGEST: Final = 200
BINS: Final = 10
LEAST: Final = 0.0001

# Arrow shifts by no more, and two bits are few enough for any limit.
_FARTHEST: Final = 62
_ALL_BUT_SIGN: Final = pa.scalar(2**63 - 1, pa.int64())


class Numbers:
    """Counts of numbers in their order: ``count`` of them, and how many others are NaN."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.count = self.nan = 0
        self._limit = limit
        self._shift = 0  # so many last bits are left out
        self._counts: dict[int, int] = {}

    def __repr__(self) -> str:
        exact = "" if self.exact else "about "
        return f"<Numbers: {self.count}, {exact}{len(self._counts)} different>"

    @property
    def exact(self) -> bool:
        """Whether each different number is counted by itself."""
        return not self._shift

    @property
    def different(self) -> int:
        """How many different numbers there are; at least, if it is not exact."""
        return len(self._counts)

    def add(self, cells: Any) -> None:
        """Count an Arrow column of numbers, without its missing cells."""
        values = pc.drop_null(cells).cast(pa.float64(), safe=False)
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        nan = pc.is_nan(values)
        self.nan += pc.sum(nan).as_py() or 0
        values = values.filter(pc.invert(nan))
        self.count += len(values)
        keys = pc.shift_right(_ordered(values), self._shift)
        more = self._too_fine(keys)
        for _ in range(more):
            self._coarser()
        found = pc.value_counts(pc.shift_right(keys, more))
        for key, count in zip(
            found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True
        ):
            self._counts[key] = self._counts.get(key, 0) + count
        while len(self._counts) > self._limit:
            self._coarser()

    def merge(self, other: Numbers) -> None:
        """Count those of the other one too: as if all of them had come here."""
        self.count += other.count
        self.nan += other.nan
        while self._shift < other._shift:
            self._coarser()
        more = self._shift - other._shift
        for key, count in other._counts.items():
            self._counts[key >> more] = self._counts.get(key >> more, 0) + count
        while len(self._counts) > self._limit:
            self._coarser()

    def quantile(self, share: float) -> float:
        """The number up to which this share of them lie; NaN where there is none."""
        if not self._counts:
            return math.nan
        keys, sums = self._summed()
        return self._last(keys[min(bisect_left(sums, share * self.count), len(keys) - 1)])

    def edges(self, bins: int = BINS) -> list[float]:
        """The last number of each bin but the last one; each edge once."""
        if not self._counts:
            return []
        keys, sums = self._summed()
        places = [bisect_left(sums, self.count * place / bins) for place in range(1, bins)]
        return [self._last(keys[at]) for at in dict.fromkeys(places) if at < len(keys) - 1]

    def counts(self, edges: Sequence[float]) -> list[int]:
        """How many numbers fall into each bin: up to its edge, the last one beyond all edges.

        Exact where the edges are those of these numbers, or each number is counted by itself;
        otherwise numbers that are counted as one with an edge are taken to be below it.
        """
        found = [0] * (len(edges) + 1)
        if not self._counts:
            return found
        places = [key >> self._shift for key in _ordered(pa.array(edges, pa.float64())).to_pylist()]
        for key, count in self._counts.items():
            found[bisect_left(places, key)] += count
        return found

    def _too_fine(self, keys: Any) -> int:
        """How many more last bits must be left out for these keys to be few enough."""
        if pc.count_distinct(keys).as_py() <= self._limit:
            return 0
        low, high = 0, _FARTHEST  # too few, enough
        while high - low > 1:
            middle = (low + high) // 2
            if pc.count_distinct(pc.shift_right(keys, middle)).as_py() > self._limit:
                low = middle
            else:
                high = middle
        return high

    def _summed(self) -> tuple[list[int], list[int]]:
        keys = sorted(self._counts)
        return keys, list(accumulate(self._counts[key] for key in keys))

    def _coarser(self) -> None:
        self._shift += 1
        counts: dict[int, int] = {}
        for key, count in self._counts.items():
            counts[key >> 1] = counts.get(key >> 1, 0) + count
        self._counts = counts

    def _last(self, key: int) -> float:
        """The largest of the numbers that are counted as one."""
        return _number(((key + 1) << self._shift) - 1)


class Categories:
    """Counts of texts, or of truth values; ``counts`` None: too many, or too long, to be
    categories."""

    def __init__(self) -> None:
        self.counts: dict[str, int] | None = {}

    def __repr__(self) -> str:
        return f"<Categories: {'too many' if self.counts is None else len(self.counts)}>"

    def add(self, cells: Any) -> None:
        """Count an Arrow column, without its missing cells."""
        if self.counts is None:
            return
        found = pc.value_counts(pc.drop_null(cells))
        values, counts = found.field("values"), found.field("counts")
        longest = 0
        if pa.types.is_string(values.type) and len(values):
            longest = pc.max(pc.utf8_length(values)).as_py()
        if len(values) > CATEGORIES or longest > LONGEST:
            self.counts = None
            return
        for value, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            name = value if isinstance(value, str) else str(value).lower()
            self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > CATEGORIES:
            self.counts = None

    def merge(self, other: Categories) -> None:
        """Count those of the other one too."""
        if self.counts is None or other.counts is None:
            self.counts = None
            return
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > CATEGORIES:
            self.counts = None


def bins_of(
    now: Numbers | Categories, baseline: Numbers | Categories
) -> tuple[list[int], list[int]] | None:
    """How many cells fall into each bin, now and at the baseline; None where there are no bins."""
    if isinstance(now, Numbers) and isinstance(baseline, Numbers):
        if not now.count or not baseline.count:
            return None
        edges = baseline.edges()
        return now.counts(edges), baseline.counts(edges)
    if isinstance(now, Categories) and isinstance(baseline, Categories):
        if not now.counts or not baseline.counts:
            return None
        names = sorted({*now.counts, *baseline.counts})
        return (
            [now.counts.get(name, 0) for name in names],
            [baseline.counts.get(name, 0) for name in names],
        )
    return None


def psi(now: Sequence[int], baseline: Sequence[int]) -> float:
    """The index of two rows of counts, bin by bin."""
    pairs = zip(_shares(now), _shares(baseline), strict=True)
    return math.fsum((a - b) * math.log(a / b) for a, b in pairs)


def _shares(counts: Iterable[int]) -> list[float]:
    counts = list(counts)
    total = sum(counts)
    return [count / total or LEAST for count in counts]


def _ordered(values: Any) -> Any:
    """Whole numbers in the order of these floats: the bits of a float, those of a negative one
    turned round (IEEE 754, section 5.10)."""
    bits = pc.add(values, 0.0).view(pa.int64())  # -0.0 is 0.0
    return pc.if_else(pc.less(bits, 0), pc.bit_wise_xor(bits, _ALL_BUT_SIGN), bits)


def _number(key: int) -> float:
    """The float at this place of the order."""
    bits = key if key >= 0 else key ^ (2**63 - 1)
    found: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return found
