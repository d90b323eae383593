"""ARCHITECTURE.md says what the code says, where a test can tell."""

from __future__ import annotations

import re
from pathlib import Path

from aiocollect._core.states import TABLE

TEXT = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()


def test_the_drawn_states_are_those_of_the_table() -> None:
    """Every pair of state and event is drawn, and no other (python -m tests.simulation.draw)."""
    edges = re.findall(r"^    (\w+) --> \w+: (.*)$", TEXT, re.MULTILINE)
    drawn = {(source, event) for source, events in edges for event in events.split(", ")}
    assert drawn == {(state.value, event.value) for state, event in TABLE}


def test_the_files_that_it_names_exist() -> None:
    """A row's way leads through files that are there."""
    root = Path(__file__).parents[2]
    rooms = [root, root / "aiocollect", root / "aiocollect" / "_engine"]
    for name in set(re.findall(r"`([\w/]+\.py)`", TEXT)):
        assert any((room / name).exists() for room in rooms) or list(root.glob(f"*/*/{name}")), name
