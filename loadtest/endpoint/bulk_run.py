"""One run of processes that record rows as fast as the store takes them (bulk.py), audited."""

from __future__ import annotations

import itertools
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from testkit.child import Child

from ..harness.audit import judge
from ..harness.processes import go
from ..harness.stage import Stage

__all__ = ["Bulk", "run"]

_numbers = itertools.count()
# 10,000 paths are 30,000 requests, and the emulator answers some hundred a second.
_PATIENCE: Final = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """``rows`` in all, shared among the processes; ``options`` are the pipeline's."""

    rows: int
    columns: int = 10
    rows_a_call: int = 1
    paths: int = 1
    processes: int = 1
    text: bool = False
    options: dict[str, Any] = field(default_factory=dict)


async def run(stage: Stage, bulk: Bulk) -> dict[str, Any]:
    """What came of it. Without ``figures`` where the audit finds fault."""
    number = next(_numbers)
    calls = max(1, bulk.rows // bulk.rows_a_call // bulk.processes)
    each = calls * bulk.rows_a_call
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(stage.place())
        children = []
        for process in range(bulk.processes):
            task = {
                **asdict(bulk),
                "connection_string": place.connection_string,
                "container": place.container,
                "calls": calls,
                "first_key": 1 + process * each,
            }
            child = Child("loadtest.endpoint.bulk", task, log=stage.folder / f"bulk-{number}.log")
            children.append(await stack.enter_async_context(child))
        await go(children, timeout=60)
        told = [await child.hear("ended", timeout=_PATIENCE) for child in children]
        reader = "jsonl" if bulk.options.get("format") == "jsonl" else "csv"
        stored = await stage.stored(place, reader)
    given = [
        key
        for process, one in enumerate(told)
        for key in range(1 + process * each, 1 + process * each + one["rows"])
    ]
    verdict = judge(given, given, stored)
    result: dict[str, Any] = {**asdict(bulk), "audit": verdict.figures()}
    if verdict.good:
        rows = len(given)
        result["figures"] = {
            "rows_a_second": rows / max(one["seconds"] for one in told),
            "cpu_us_a_row": 1e6 * sum(one["cpu"] for one in told) / rows,
            "rows_an_append": rows / max(1, sum(one["appends"] for one in told)),
        }
    return result
