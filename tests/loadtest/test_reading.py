"""The benches of reading: they run, and a side whose rows are others is no figure."""

from __future__ import annotations

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from loadtest.reading.rows import KINDS, rows_of, truth
from loadtest.reading.sides import Different, check
from loadtest.reading.table import bench


@pytest.mark.parametrize("name", ["local", "joined"])
def test_each_bench_compares_what_it_reads(name: str) -> None:
    """On files so small that the figures mean nothing."""
    figures = bench(name)(300, 1)
    assert figures
    assert all(figure.median > 0 for figure in figures)


@pytest.mark.parametrize("kind", KINDS)
def test_a_side_that_lost_a_cell_is_found(kind: str) -> None:
    """Other cells, and other numbers of rows."""
    want = truth(kind, rows_of(kind, 50))
    check("itself", want, want)
    name = want.column_names[-1]
    cells = want[name].to_pylist()
    cells[7] = None if cells[7] is not None else cells[8]
    other = want.set_column(len(KINDS[kind]) - 1, name, pa.array(cells, want.schema[-1].type))
    for wrong in (other, want.slice(1)):
        with pytest.raises(Different):
            check("another", wrong, want)
