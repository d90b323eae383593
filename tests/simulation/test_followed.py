"""The gate's share of the lives that are followed and read under faults."""

from __future__ import annotations

import pytest

from .followed import live, prefixes
from .run import run_chunk


def test_lives_that_are_followed() -> None:
    """Each row once and in order, every read complete and exact."""
    summary = run_chunk(range(16), live)
    assert not summary.failures, [outcome.problems for outcome in summary.failed]
    # What they are meant to go through: otherwise they prove less than they say.
    assert summary.rows > 6_000
    assert summary.host_faults["consumers"] > 80
    assert summary.host_faults["reads"] > 20


def test_a_followed_life_replays_from_its_seed() -> None:
    """Two runs of one seed are the same, to the step."""
    assert live(3) == live(3)


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        (["1", "2"], [0, 1, 2]),
        (["1"], [0, 1]),
        (["2", "1"], [0]),
        (["1", "3"], [0, 1]),
        (["1", "1", "2"], [0, 1]),
    ],
)
def test_the_oracle_sees(rows: list[str], ends: list[int]) -> None:
    """Rows that are missing, doubled, out of order, altered: they are no beginning of the file."""
    want = [({"a": field, "t": "x"}, 2) for field in ("1", "2")]
    assert prefixes(want, [(("a", int(row)),) for row in rows], 0) == ends
