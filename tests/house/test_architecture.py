"""ARCHITECTURE.md says what the code says, where a test can tell."""

from __future__ import annotations

import re

from aiocollect._core.states import TABLE
from tests.house.pages import ROOT, read

TEXT = read("ARCHITECTURE.md")


def test_the_drawn_states_are_those_of_the_table() -> None:
    """Every pair of state and event is drawn, and no other (python -m tests.simulation.draw)."""
    edges = re.findall(r"^    (\w+) --> \w+: (.*)$", TEXT, re.MULTILINE)
    drawn = {(source, event) for source, events in edges for event in events.split(", ")}
    assert drawn == {(state.value, event.value) for state, event in TABLE}


def test_each_room_is_in_the_table() -> None:
    """Each module and folder of the package has its level, once."""
    table = TEXT.partition("| level |")[2].partition("\n\n")[0]
    named = [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`(\w+)/?`", row.split("|")[2])
    ]
    rooms = {
        path.stem for path in (ROOT / "aiocollect").iterdir() if not path.stem.startswith("__")
    }
    assert sorted(named) == sorted(rooms - {"py"} | {"__init__"})
