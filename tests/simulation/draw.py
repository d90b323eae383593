"""Draws the lane's states from their own table: which event leads where, as whole lives met it.

    python -m tests.simulation.draw --seeds 400

Prints the diagram that stands in ARCHITECTURE.md. That it has every pair of the table, and no
other, is held by tests/house/test_architecture.py.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from typing import Any

from aiocollect._core.lane import Lane
from aiocollect._core.states import TABLE, State

from .life import live

Edges = dict[tuple[State, State], set[str]]


def record_edges() -> Edges:
    """Have every lane of this process write down its steps."""
    edges: Edges = defaultdict(set)
    on = Lane.on

    def watched(lane: Lane, event: Any, *args: Any, **options: Any) -> Any:
        before = lane.state
        commands = on(lane, event, *args, **options)
        edges[before, lane.state].add(event.value)
        return commands

    Lane.on = watched  # type: ignore[method-assign, assignment]
    return edges


def diagram(edges: Edges) -> str:
    """As mermaid has it; states in the order of their definition, events in that of the table."""
    order = list(State)
    events = list(dict.fromkeys(event.value for _, event in TABLE))
    lines = ["stateDiagram-v2", "    [*] --> idle"]
    for source, target in sorted(edges, key=lambda edge: tuple(map(order.index, edge))):
        names = ", ".join(sorted(edges[source, target], key=events.index))
        lines.append(f"    {source.value} --> {target.value}: {names}")
    return "\n".join([*lines, "    closed --> [*]"])


def main() -> None:
    """Run the lives, and print the diagram."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    edges = record_edges()
    for seed in range(parser.parse_args().seeds):
        live(seed)
    print(diagram(edges))


if __name__ == "__main__":
    main()
