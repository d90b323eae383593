"""The suite: carries a plan out, run by run, and puts the results together.

Whatever one run meets, the others go on: a run that failed says why, in its place. Rates are shares
of the saturation, which a ramp against the server by itself finds.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, Final

from ..harness.environments import OWN_PYTHON
from ..harness.stage import Stage
from . import bulk_run
from .case import Case
from .case import run as run_case
from .plan import Plan

__all__ = ["CROWD", "STEADY", "compare", "run"]

# Above what these servers answer, and below what the generators can send (loadtest.md).
_TOP_RATE = 12_000.0
STEADY: Final = 0.7
# What the store does is to be seen, not what a server without room does.
_WEATHER = 0.3
# So many may wait in each of a ramp's two generators: with thousands of connections a server
# answers less, and what waits at the end has to be answered, too.
CROWD: Final = 128
# Where a ramp has failed: so many requests a second any server takes.
_SOME_RATE = 200.0
AZUREML_MISSING = "the environment of azureml-ai-monitoring is missing: make faceoff makes it"

Say = Callable[[str], None]


async def run(stage: Stage, plan: Plan, *, seed: int, say: Say) -> dict[str, Any]:
    """All of it."""
    began = time.monotonic()
    results: dict[str, Any] = {"saturation": {}, "steady": [], "weather": [], "rows": {}}
    for server in plan.servers:
        found = await _saturation(stage, plan, server, "none", seed, say)
        results["saturation"][server] = found
        await _steady(stage, plan, server, found, seed, say, results["steady"])
    results["gateway"] = await _gateway(stage, plan, seed, say)
    rate = _WEATHER * results["saturation"]["aiohttp"]
    for weather in plan.weathers:
        results["weather"].append(await _weather(stage, plan, weather, rate, seed, say))
    for axis, bulks in plan.bulks.items():
        results["rows"][axis] = {}
        for name, bulk in bulks.items():
            say(f"rows: {axis} {name}")
            results["rows"][axis][name] = await _guarded(lambda b=bulk: bulk_run.run(stage, b))  # type: ignore[misc]
    results["seconds"] = round(time.monotonic() - began)
    return results


async def _guarded(work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    try:
        return await work()
    except Exception as error:  # a contender's blobs may be such as no auditor reads
        return {"failed_to_run": f"{type(error).__name__}: {error}"[:500]}


async def _saturation(
    stage: Stage, plan: Plan, server: str, recorder: str, seed: int, say: Say
) -> float:
    """Answers a second, at most, while the rate grows."""
    say(f"{server}: a ramp, to find its saturation")
    schedule = {"kind": "ramp", "low": 50.0, "high": _TOP_RATE, "seconds": plan.ramp_seconds}
    case = Case(
        recorder=recorder, server=server, schedule=schedule, generators=2, limit=CROWD, seed=seed
    )
    result = await _guarded(lambda: run_case(stage, case))
    if "figures" not in result:
        say(f"{server}: no saturation: {result.get('failed_to_run') or result['audit']}")
        return _SOME_RATE
    # The best of two seconds together: one alone may have got what the one before it could not.
    answers = result["figures"]["answers"]
    pairs = [(a + b) / 2 for a, b in pairwise(answers)]
    return float(max(pairs, default=answers[0]))


async def _steady(
    stage: Stage,
    plan: Plan,
    server: str,
    saturation: float,
    seed: int,
    say: Say,
    results: list[dict[str, Any]],
) -> None:
    async def one(
        recorder: str, share: float, number: int, label: str = "", seconds: float | None = None
    ) -> None:
        say(f"{server}: {label or recorder} at {share:.0%}, round {number + 1}")
        schedule = {
            "kind": "poisson",
            "rate": round(share * saturation),
            "seconds": seconds or plan.steady_seconds,
        }
        # All of a round have the same arrivals.
        case = Case(recorder=recorder, server=server, schedule=schedule, seed=seed + number)
        found = await _guarded(lambda: run_case(stage, case))
        results.append(
            {"recorder": recorder, **found, "label": label or recorder, "load": share}
            | {"round": number, "server": server}
        )

    # The other loads, and what the collector costs by itself, on one server alone.
    first = server == plan.servers[0]
    loads = plan.loads if first else ()
    for share, rounds in ((STEADY, plan.rounds), *((load, plan.load_rounds) for load in loads)):
        for number in range(rounds):
            turns = [("none", "none"), ("aiocollect", "aiocollect"), ("none", "none again")]
            if first and share == STEADY:
                turns.append(("memory", "memory"))
            random.Random(seed + number).shuffle(turns)  # what drifts, drifts for all
            for recorder, label in turns:
                await one(recorder, share, number, label)
    if server == "aiohttp":
        for recorder in plan.others:
            if recorder == "azureml" and not OWN_PYTHON.exists():
                say(AZUREML_MISSING)
                continue
            await one(recorder, STEADY, 0, seconds=plan.others_seconds)


async def _weather(
    stage: Stage, plan: Plan, weather: str, rate: float, seed: int, say: Say
) -> dict[str, Any]:
    say(f"weather: {weather}")
    schedule: dict[str, Any] = {"kind": "poisson", "rate": rate, "seconds": plan.weather_seconds}
    if weather == "burst":
        schedule |= {"kind": "burst", "factor": 4.0, "every": 4.0}
    case = Case(
        recorder="aiocollect",
        schedule=schedule,
        weather="fair" if weather == "burst" else weather,
        timeline=True,
        seed=seed,
        options={"linger": 0.5},
    )
    return {**await _guarded(lambda: run_case(stage, case)), "weather": weather}


async def _gateway(stage: Stage, plan: Plan, seed: int, say: Say) -> dict[str, Any]:
    """Rows posted to the gateway: how many a second it takes at most, and 70 % of that."""
    top = await _saturation(stage, plan, "gateway", "gateway", seed, say)
    say(f"gateway: at {STEADY:.0%}")
    schedule = {"kind": "poisson", "rate": round(STEADY * top), "seconds": plan.steady_seconds}
    case = Case(recorder="gateway", server="gateway", schedule=schedule, seed=seed)
    found = await _guarded(lambda: run_case(stage, case))
    return {**found, "weather": "gateway", "saturation": top, "timeline": []}


def compare(
    steady: list[dict[str, Any]],
    server: str,
    figure: str,
    load: float = STEADY,
    *,
    ours: str = "aiocollect",
) -> dict[str, Any] | None:
    """Collecting (``ours``: which way) minus not, and not minus not (the noise), pair by pair, of a
    figure at a share of the saturation. None where no pair has figures."""
    found: dict[tuple[int, str], float] = {}
    for one in steady:
        if one["server"] == server and one["load"] == load and one.get("figures"):
            value = one["figures"][figure]
            if value is not None:
                found[one["round"], one["label"]] = value
    rounds = sorted({number for number, _ in found})
    pairs = [
        (
            found[number, ours] - found[number, "none"],
            found[number, "none again"] - found[number, "none"],
        )
        for number in rounds
        if {(number, label) for label in ("none", ours, "none again")} <= found.keys()
    ]
    if not pairs:
        return None
    cost, noise = ([pair[side] for pair in pairs] for side in (0, 1))
    return {
        "pairs": len(pairs),
        "cost": statistics.median(cost),
        "cost_range": (min(cost), max(cost)),
        "noise": statistics.median(noise),
        "noise_range": (min(noise), max(noise)),
    }
