"""The demo's buttons: when the script presses them, and that a person's press is theirs."""

from __future__ import annotations

import pytest

from aiocollect.demo.script import BUTTONS, Controls


def played(controls: Controls, until: float) -> list[tuple[float, str, bool]]:
    """What happens by itself, looked at every tenth of a second: (second, button, on)."""
    times = [step / 10 for step in range(round(until * 10) + 1)]
    return [(now, name, on) for now in times for name, on in controls.due(now)]


def test_the_script_presses_each_button_once_in_time() -> None:
    """In 50 seconds: lost answers at 8, slow from 12 to 17, down from 21 to 28, SIGTERM at 34."""
    assert played(Controls(50.0), 50.0) == [
        (8.0, "lose", True),
        (12.0, "slow", True),
        (17.0, "slow", False),
        (21.0, "down", True),
        (28.0, "down", False),
        (34.0, "restart", True),
    ]


def test_a_short_run_has_all_of_it_too() -> None:
    """All is over before the end, and the SIGTERM comes under load."""
    steps = played(Controls(4.0), 4.0)
    assert [name for _, name, on in steps if on] == ["lose", "slow", "down", "restart"]
    assert steps[-1][0] < 3.0


def test_what_a_person_presses_the_script_leaves_alone() -> None:
    """Their press comes at once, ends by itself, and does not come again; the others do."""
    controls = Controls(50.0)
    assert controls.press("down", now=1.0) == [("down", True)]
    steps = [step for step in played(controls, 50.0) if step[1] == "down"]
    assert steps == [(8.0, "down", False)]
    assert {one["name"]: one["by"] for one in controls.shown()} == {
        "down": "you", "lose": "the script", "slow": "the script", "restart": "the script",
    }  # fmt: skip


def test_the_script_waits_until_a_press_has_been_seen() -> None:
    """What a press does, and the line that says it, stay alone for three of fifty seconds."""
    controls = Controls(50.0)
    controls.press("restart", now=7.9)
    assert "SIGTERM" in controls.note
    assert played(controls, 13.0)[0] == (10.9, "lose", True)
    controls.press("restart", now=11.0)
    controls.press("restart", now=20.0)
    assert [now for now, _, on in played(controls, 50.0) if on] == [23.0, 26.0]


def test_a_second_press_ends_it() -> None:
    """A button that is on goes off; one for what is over at once can be pressed again."""
    controls = Controls(50.0)
    assert controls.press("slow", now=1.0) == [("slow", True)]
    assert controls.press("slow", now=2.0) == [("slow", False)]
    assert controls.press("restart", now=3.0) == [("restart", True)]
    assert controls.press("restart", now=4.0) == [("restart", True)]
    assert controls.due(5.0) == []


def test_no_fault_lasts_long() -> None:
    """In an hour's run the store is back after 12 seconds: the memory for rows has an end."""
    controls = Controls(3600.0)
    assert controls.press("down", now=10.0) == [("down", True)]
    assert controls.due(21.9) == []
    assert controls.due(22.1) == [("down", False)]


def test_at_the_end_everything_goes_off() -> None:
    """And nothing goes on any more."""
    controls = Controls(50.0)
    controls.press("down", now=1.0)
    assert controls.end() == [("down", False)]
    assert played(controls, 50.0) == []
    assert not any(one["on"] for one in controls.shown())


def test_an_unknown_button_is_refused() -> None:
    """The page has none such."""
    with pytest.raises(KeyError):
        Controls(50.0).press("fire", now=1.0)
    assert len({one.name for one in BUTTONS}) == len(BUTTONS)
