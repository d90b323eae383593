"""ARCHITECTURE.md says what the code says, where a test can tell."""

from __future__ import annotations

import re

from tests.house.pages import ROOT, read
from tests.simulation.draw import diagram

TEXT = read("ARCHITECTURE.md")


def test_the_drawn_states_are_those_of_the_table() -> None:
    """Each step of the table is drawn, and no other (python -m tests.simulation.draw)."""
    (drawn,) = re.findall(r"```mermaid\n(stateDiagram.*?)\n```", TEXT, re.DOTALL)
    assert drawn == diagram()


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
