"""Lives that are compacted while they are written to and read; and lives in which a rule is off.

``python -m tests.simulation.compactions`` lives more of them.
"""

from __future__ import annotations

from typing import Literal

import pytest

from .compaction_views import CONTROLS, SEEDS
from .compactions import life_of

Form = Literal["parquet", "delta"]


@pytest.mark.parametrize(("form", "seed"), [("parquet", 0), ("parquet", 1), ("delta", 1)])
def test_each_row_is_read_once_whatever_happens(form: Form, seed: int) -> None:
    """Kills at any request, other compactors, late rows, rows that come back, removals."""
    if form == "delta":
        pytest.importorskip("deltalake")
    life = life_of(seed, form=form)
    assert life.reads > 10
    assert not life.wrong


@pytest.mark.parametrize("rule", CONTROLS)
def test_without_a_rule_rows_are_lost_or_doubled(rule: str) -> None:
    """So the lives would show it: of each rule a life that goes wrong without it."""
    assert life_of(SEEDS["parquet"][rule], CONTROLS[rule]).wrong
