"""collect() beside azureml-ai-monitoring's own ``Collector.collect``, each in a process of its own.

The package pins others, so it has an environment of its own (``make faceoff`` makes it); its only
input is a frame of pandas. The two processes take turns, a round at a time, and each also measures
``asyncio.Queue.put_nowait``. In a burst neither side sends anything: our pump runs when the loop
does, between bursts; the other's worker thread, which would contend for the interpreter's lock, is
switched off by its own variable, and its payloads are thrown away. That is to its favour.

``python -m loadtest.rows.rival SIDE`` is one side: a round for each line on stdin. At the top it
imports nothing that azureml's environment does not have.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from loadtest.harness.environments import OWN_PYTHON

from .measure import Figure, Size

__all__ = ["MISSING", "figures", "quotients", "run"]

ROOT: Final = Path(__file__).resolve().parents[2]
MISSING: Final = (
    "collect: azureml-ai-monitoring is not measured: make faceoff makes its environment"
)
BURST: Final = 64
ROW: Final = [0.1 * number for number in range(10)]
NAMES: Final = [f"f{number}" for number in range(10)]
# Its queue holds 1,500; a burst and a call fit.
SWITCHES: Final = {"AZUREML_MDC_ENABLED": "true", "AZUREML_MDC_WORKER_DISABLED": "true"}

Case = Callable[[], object]
Round = dict[str, float]  # nanoseconds a call, by case


def run(size: Size) -> list[Figure]:
    """The quotients, pass by pass; none, and a line about it, where the environment is missing."""
    if not OWN_PYTHON.exists():
        print(MISSING, file=sys.stderr, flush=True)
        return []
    return figures([quotients(*_pass(size.of(60, 2), seed)) for seed in range(size.of(5, 1))])


def figures(passes: Sequence[dict[str, float]]) -> list[Figure]:
    """Of what ``quotients`` found in each pass."""
    goals = {"our list by its frame": 1 / 20}
    return [
        Figure(
            f"azureml-ai-monitoring: {name}",
            tuple(one[name] for one in passes),
            unit="us" if name.endswith("microseconds") else "x",
            goal=goals.get(name),
        )
        for name in passes[0]
    ]


def quotients(ours: Sequence[Round], theirs: Sequence[Round]) -> dict[str, float]:
    """Of the medians over the rounds of both sides; "its": azureml-ai-monitoring's."""
    mine, other = _medians(ours), _medians(theirs)
    return {
        "our list by its frame": mine["list"] / other["frame"],
        "our frame by its frame": mine["frame"] / other["frame"],
        "our list by its frame, made of the list": mine["list"] / other["made"],
        "its frame by put_nowait beside it": other["frame"] / other["put"],
        "our frame by put_nowait beside it": mine["frame"] / mine["put"],
        "our list by put_nowait beside it": mine["list"] / mine["put"],
        "its frame, microseconds": other["frame"] / 1000,
        "our frame, microseconds": mine["frame"] / 1000,
        "our list, microseconds": mine["list"] / 1000,
    }


def _medians(rounds: Sequence[Round]) -> Round:
    nothing = statistics.median(one["nothing"] for one in rounds)
    return {name: statistics.median(one[name] for one in rounds) - nothing for name in rounds[0]}


def _pass(rounds: int, seed: int) -> tuple[list[Round], list[Round]]:
    """The rounds of ours and of theirs, in turns, of two new processes."""
    # Ours with the package that is on this process's path, which may be another revision's.
    ours = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    found: dict[str, list[Round]] = {"ours": [], "theirs": []}
    with ExitStack() as stack:
        sides = {
            "ours": stack.enter_context(_side("ours", sys.executable, {"PYTHONPATH": ours}, seed)),
            "theirs": stack.enter_context(
                _side("theirs", str(OWN_PYTHON), {"PYTHONPATH": str(ROOT), **SWITCHES}, seed)
            ),
        }
        for number in range(-max(1, rounds // 10), rounds):
            for name in list(sides) if number % 2 else reversed(sides):
                took = _turn(name, sides[name])
                if number >= 0:  # the first ones warm up
                    found[name].append(took)
        for side in sides.values():
            side.communicate(timeout=60)  # its stdin ends, and so does it
    return found["ours"], found["theirs"]


def _side(
    name: str, python: str, environment: dict[str, str], seed: int
) -> subprocess.Popen[bytes]:
    # -P: the working directory has a package of the name of ours.
    return subprocess.Popen(
        [python, "-P", "-m", "loadtest.rows.rival", name, str(seed)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )


def _turn(name: str, side: subprocess.Popen[bytes]) -> Round:
    assert side.stdin is not None
    assert side.stdout is not None
    with suppress(BrokenPipeError):
        side.stdin.write(b"\n")
    # The package's log is on stdout, too.
    for line in side.stdout:
        if line.startswith(b"{"):
            took: Round = json.loads(line)
            return took
    raise RuntimeError(f"the process of {name} ended before its rounds did")


# In the child -------------------------------------------------------------------------------------


def _measure(cases: dict[str, Case], order: random.Random, between: Case) -> Round:
    """Each case once, in an order of its own, behind a call that is not counted."""
    took: Round = {}
    queue: asyncio.Queue[Any] = asyncio.Queue()
    todo: dict[str, Case] = {**cases, "put": lambda: queue.put_nowait(ROW)}
    todo["nothing"] = lambda: None
    names = list(todo)
    order.shuffle(names)
    for name in names:
        case = todo[name]
        case()
        span = range(BURST)
        before = perf_counter_ns()
        for _ in span:
            case()
        took[name] = (perf_counter_ns() - before) / BURST
        between()
    return took


async def _ours(order: random.Random) -> None:
    import pandas

    from aiocollect import Pipeline
    from aiocollect.testing import MemoryStore

    async with Pipeline(MemoryStore(), linger=0.01, strict=True) as pipeline:
        collect = pipeline.collector("model", version="1", identifier="inputs").collect
        frames = pipeline.collector("frames", version="1", identifier="inputs").collect
        frame = pandas.DataFrame([ROW], columns=NAMES)
        cases: dict[str, Case] = {"list": lambda: collect(ROW), "frame": lambda: frames(frame)}
        while sys.stdin.readline():
            _tell(_measure(cases, order, lambda: None))
            await pipeline.flush()


def _theirs(order: random.Random) -> None:
    import pandas
    from azureml.ai.monitoring import Collector  # type: ignore[import-not-found]
    from azureml.ai.monitoring.queue import init_queue  # type: ignore[import-not-found]

    # As a scoring script is told to: what fails is raised.
    collect = Collector(name="inputs").collect
    frame = pandas.DataFrame([ROW], columns=NAMES)
    cases: dict[str, Case] = {
        "frame": lambda: collect(frame),
        "made": lambda: collect(pandas.DataFrame([ROW], columns=NAMES)),
    }
    while sys.stdin.readline():
        _tell(_measure(cases, order, lambda: init_queue(1500)))


def _tell(took: Round) -> None:
    os.write(1, json.dumps(took).encode() + b"\n")


if __name__ == "__main__":
    chance = random.Random(sys.argv[2])
    if sys.argv[1] == "ours":
        asyncio.run(_ours(chance))
    else:
        _theirs(chance)
