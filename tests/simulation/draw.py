"""Draws the lane's states from their table: ``python -m tests.simulation.draw``.

Prints the diagram that ARCHITECTURE.md shows; tests/house/test_architecture.py compares the two.
"""

from __future__ import annotations

from collections import defaultdict

from aiocollect._core.commands import LaneEvent
from aiocollect._core.states import TABLE, State

__all__ = ["diagram"]


def diagram() -> str:
    """As mermaid has it; states in the order of their definition, events in that of the table."""
    edges: dict[tuple[State, State], list[LaneEvent]] = defaultdict(list)
    for (source, event), transition in TABLE.items():
        for target in transition.next:
            edges[source, target].append(event)
    order = list(State)
    lines = ["stateDiagram-v2", "    [*] --> idle"]
    for source, target in sorted(edges, key=lambda edge: tuple(map(order.index, edge))):
        names = ", ".join(event.value for event in edges[source, target])
        lines.append(f"    {source.value} --> {target.value}: {names}")
    return "\n".join([*lines, "    closed --> [*]"])


if __name__ == "__main__":
    print(diagram())
