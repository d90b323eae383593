"""The suite: carries a plan out, run by run, and puts the results together.

Whatever one run meets, the others go on: a run that failed says why, in its place. Rates are fixed,
or shares of the saturation, which a ramp against the server by itself finds.
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
from .ladder import LADDER, PLAIN, PROFILED, Rung
from .plan import Plan

__all__ = ["CROWD", "STEADY", "compare", "fixed", "ladder", "run"]

# Above what these servers answer; so is what the generators send at most (loadtest.md).
_TOP_RATE = 24_000.0
_SHARE = 0.7
STEADY: Final = f"{_SHARE:.0%}"
# What the store does is to be seen, not what a server without room does.
_WEATHER = 0.3
# So many may wait in each of a ramp's two generators: with thousands of connections a server
# answers less, and what waits at the end has to be answered, too.
CROWD: Final = 128
# Where a ramp has failed: so many requests a second any server takes.
_SOME_RATE = 200.0
AZUREML_MISSING = "the environment of azureml-ai-monitoring is missing: make faceoff makes it"

Say = Callable[[str], None]


async def run(stage: Stage, plan: Plan, *, behind: Stage, seed: int, say: Say) -> dict[str, Any]:
    """All of it. ``behind``: the stage of the servers' runs, whose emulator is kept back."""
    began = time.monotonic()
    results = await ladder(behind, plan, seed=seed, say=say)
    results |= {"weather": [], "rows": {}}
    steady: list[dict[str, Any]] = results["steady"]
    top = results["saturation"]
    for recorder in plan.others:
        if recorder == "azureml" and not OWN_PYTHON.exists():
            say(AZUREML_MISSING)
            continue
        rate, seconds = round(_SHARE * top[plan.servers[0]]), plan.others_seconds
        rung = Rung(recorder=recorder)
        steady.append(
            await _one(behind, plan.servers[0], recorder, rung, STEADY, rate, seconds, 0, seed, say)
        )
    for server in plan.servers[1:]:
        top[server] = await _saturation(behind, plan, server, "none", seed, say)
        rate = round(_SHARE * top[server])
        steady += await _rounds(
            behind, plan, server, PLAIN, STEADY, rate, plan.other_rounds, seed, say
        )
    results["gateway"] = await _gateway(stage, plan, seed, say)
    rate = round(_WEATHER * top[plan.servers[0]])
    for weather in plan.weathers:
        results["weather"].append(await _weather(stage, plan, weather, rate, seed, say))
    for axis, bulks in plan.bulks.items():
        results["rows"][axis] = {}
        for name, bulk in bulks.items():
            say(f"rows: {axis} {name}")
            results["rows"][axis][name] = await _guarded(lambda b=bulk: bulk_run.run(stage, b))  # type: ignore[misc]
    results["seconds"] = round(time.monotonic() - began)
    return results


async def ladder(stage: Stage, plan: Plan, *, seed: int, say: Say) -> dict[str, Any]:
    """What collecting costs the first server, at both loads, and whose it is."""
    began = time.monotonic()
    server = plan.servers[0]
    top = await _saturation(stage, plan, server, "none", seed, say)
    steady = []
    for load, rate, rounds in (
        (fixed(plan), plan.fixed_rate, plan.fixed_rounds),
        (STEADY, round(_SHARE * top), plan.rounds),
    ):
        steady += await _rounds(stage, plan, server, LADDER, load, rate, rounds, seed, say)
    return {
        "saturation": {server: top},
        "steady": steady,
        "seconds": round(time.monotonic() - began),
    }


def fixed(plan: Plan) -> str:
    """The name of the load that is no share of anything."""
    return f"{plan.fixed_rate:,} a second"


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


async def _rounds(
    stage: Stage,
    plan: Plan,
    server: str,
    rungs: dict[str, Rung],
    load: str,
    rate: int,
    rounds: int,
    seed: int,
    say: Say,
) -> list[dict[str, Any]]:
    """The rungs in turns, in an order drawn for each round: what drifts, drifts for all. Of the
    ladder one more, whose server looks at itself."""
    found = []
    for number in range(rounds):
        turns = list(rungs.items())
        random.Random(seed + number).shuffle(turns)
        if rungs is LADDER:
            turns.append((PROFILED, LADDER["elsewhere"]))
        for label, rung in turns:
            found.append(
                await _one(
                    stage, server, label, rung, load, rate, plan.steady_seconds, number, seed, say
                )
            )
    return found


async def _one(
    stage: Stage,
    server: str,
    label: str,
    rung: Rung,
    load: str,
    rate: int,
    seconds: float,
    number: int,
    seed: int,
    say: Say,
) -> dict[str, Any]:
    say(f"{server}: {label} at {load}, round {number + 1}")
    case = Case(
        recorder=rung.recorder,
        server=server,
        store=rung.store,
        options=rung.options,
        profiled=label == PROFILED,
        schedule={"kind": "poisson", "rate": rate, "seconds": seconds},
        seed=seed + number,  # all of a round have the same arrivals
    )
    found = await _guarded(lambda: run_case(stage, case))
    named = {"label": label, "load": load, "round": number, "server": server}
    return {"recorder": rung.recorder, **found, **named}


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
    say(f"gateway: at {STEADY}")
    schedule = {"kind": "poisson", "rate": round(_SHARE * top), "seconds": plan.steady_seconds}
    case = Case(recorder="gateway", server="gateway", schedule=schedule, seed=seed)
    found = await _guarded(lambda: run_case(stage, case))
    return {**found, "weather": "gateway", "saturation": top, "timeline": []}


def compare(
    steady: list[dict[str, Any]],
    server: str,
    figure: str,
    load: str = STEADY,
    *,
    ours: str = "aiocollect",
    base: str = "none",
) -> dict[str, Any] | None:
    """Collecting (``ours``: which way) minus not (``base``: or another way), and not minus not (the
    noise), pair by pair, of a figure at a load. None where no pair has figures."""
    found: dict[tuple[int, str], float] = {}
    for one in steady:
        if one["server"] == server and one["load"] == load and one.get("figures"):
            value = one["figures"][figure]
            if value is not None:
                found[one["round"], one["label"]] = value
    rounds = sorted({number for number, _ in found})
    pairs = [
        (
            found[number, ours] - found[number, base],
            found[number, "none again"] - found[number, "none"],
        )
        for number in rounds
        if {(number, label) for label in ("none", base, ours, "none again")} <= found.keys()
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
