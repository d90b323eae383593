"""The gate's share of outages that are longer than memory."""

from __future__ import annotations

import sys

import pytest

from .longer_outages import live


@pytest.mark.timeout(300)
def test_outages_longer_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused, lost, doubled or reordered, however the life ends; and all of what they
    are meant to meet is met."""
    # What a dead process leaves half-way says so when it is collected.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    outcomes = [live(seed) for seed in range(16)]
    assert [outcome for outcome in outcomes if outcome.problems] == []
    assert {outcome.end for outcome in outcomes} == {"closed", "killed", "crashed", "power cut"}
    assert sum(outcome.gathered > 0 for outcome in outcomes) > 2
    assert sum(outcome.parked > outcome.rows // 2 for outcome in outcomes) > 5
