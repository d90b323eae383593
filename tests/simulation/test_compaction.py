"""Lives that are compacted while they are written to and read; and lives in which a rule is off.

``python -m tests.simulation.compactions 1000`` lives more of them.
"""

from __future__ import annotations

import pytest

from .compactions import Ageless, FilesFirst, Overwriting, View, life_of


@pytest.mark.parametrize("seed", range(5))
def test_each_row_is_read_once_whatever_happens(seed: int) -> None:
    """Kills at any request, other compactors, late rows, rows that come back, removals."""
    life = life_of(seed)
    assert life.reads > 10
    assert not life.wrong


@pytest.mark.parametrize(("view", "seed"), [(Overwriting, 3), (Ageless, 0), (FilesFirst, 5)])
def test_without_a_rule_rows_are_lost_or_doubled(view: type[View], seed: int) -> None:
    """So the lives would show it."""
    assert life_of(seed, view).wrong
