"""Which steps the lanes of a run have met: state, event, and the state that came next.

The lane's table is data, so it can be counted: in the counting table the states that a step may
lead to write down what is asked of them.
"""

from __future__ import annotations

from collections import Counter

from aiocollect._core import lane
from aiocollect._core.commands import LaneEvent
from aiocollect._core.states import TABLE, State, Transition

__all__ = ["ARGUED", "STEPS", "Step", "count_steps"]

# By their values: state, event, next state.
Step = tuple[str, str, str]

STEPS: frozenset[Step] = frozenset(
    (state.value, event.value, following.value)
    for (state, event), transition in TABLE.items()
    for following in transition.next
)

# What whole lives cannot be expected to meet, and why it is possible nevertheless.
ARGUED: dict[Step, str] = {}


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
