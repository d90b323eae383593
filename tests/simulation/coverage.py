"""Which steps the lanes of a run have met: state, event, and the state that came next.

The lane's table is data, so it can be counted: in the counting table the states that a step may
lead to write down what is asked of them.
"""

from __future__ import annotations

from collections import Counter

from aiocollect._core import lane
from aiocollect._core.commands import LaneEvent
from aiocollect._core.states import TABLE, State, Transition

__all__ = ["RARE", "STEPS", "Step", "count_steps"]

# By their values: state, event, next state.
Step = tuple[str, str, str]

STEPS: frozenset[Step] = frozenset(
    (state.value, event.value, following.value)
    for (state, event), transition in TABLE.items()
    for following in transition.next
)

# Fewer than 60 of these were met by 600 lives: so lives need not meet them. Each is reached by a
# script in tests/unit/core/test_lane_steps.py.
RARE: frozenset[Step] = frozenset(
    (state, event, following)
    for state, event, nexts in (
        ("idle", "rest", "idle"),
        ("idle", "submit", "held reading"),
        ("opening", "opened", "held"),
        ("opening", "wrong_type", "held"),
        ("opening", "no_right", "appending held"),
        ("creating", "created", "held"),
        ("creating", "refused", "creating"),
        ("appending", "appended", "creating"),
        ("appending", "full", "creating opening held"),
        ("appending", "mismatch", "opening"),
        ("appending", "wrong_type", "creating held"),
        ("appending", "rejected", "idle opening"),
        ("appending", "give_up", "closed"),
        ("reading", "missing", "held"),
        ("reading", "wrong_type", "opening held"),
        ("reading", "give_up", "closed"),
    )
    for following in nexts.split()
)


class CountedStates(frozenset[State]):
    """The next states of one pair, and which of them came."""

    def count(self, state: State, event: LaneEvent, met: Counter[Step]) -> CountedStates:
        """Count from now on into ``met``."""
        self._pair, self._met = (state.value, event.value), met
        return self

    def __contains__(self, state: object) -> bool:
        if isinstance(state, State):
            self._met[*self._pair, state.value] += 1
        return super().__contains__(state)


class CountedTable(dict[tuple[State, LaneEvent], Transition]):
    """The lane's table, and how often each of its steps was taken."""

    def __init__(self) -> None:
        self.met: Counter[Step] = Counter()
        for (state, event), (step, following) in TABLE.items():
            counted = CountedStates(following).count(state, event, self.met)
            self[state, event] = Transition(step, counted)


def count_steps() -> Counter[Step]:
    """Put a counting table in place of the lane's; returns its counts."""
    table: object = vars(lane)["TABLE"]
    if not isinstance(table, CountedTable):
        table = CountedTable()
        vars(lane)["TABLE"] = table
    return table.met
