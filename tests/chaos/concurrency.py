"""Forks under load; eight threads, a thousand tasks, finalizers and signals on one pipeline.

``python -m tests.chaos.concurrency --forks 20 --seed 1``
"""

from __future__ import annotations

import sys

from testkit.emulator import Emulator

from .stage import Result, Stage

__all__ = ["HOSTS", "forks", "threads"]

HOSTS = ("thread", "loop")


def forks(azurite: Emulator, *, host: str, count: int, seed: int) -> Result:
    """``count`` children of one process with many threads; each collects, and closes."""
    result = Result(scenario=f"fork under load, host={host}", repetitions=count)
    with Stage(azurite) as stage:
        stage.faulty(seed, rate=0.1)
        # The parent must not append all the time: on a shared blob, with a linger as short as a
        # round trip, it would outrun its children until their close gives up.
        # Nothing here is about time: what is slow is waited for.
        options = {"linger": 0.5, "close_timeout": 60.0}
        process = stage.start(
            *("tests.chaos.concurrent_worker", "forks"),
            host=host,
            forks=count,
            seed=seed,
            name="f",
            pipeline=options,
        )
        stage.wait(process, timeout=100 + 2 * count)
        if process.returncode != 0:
            result.wrong.append(f"exit code {process.returncode}")
        stage.calm()
        lives = stage.judge(result)
        for life in lives:
            result.wrong += life.notes.get("wrong", [])
            if life.report and (life.report["dropped"] or life.report["possibly_stored"]):
                result.wrong.append(f"{life.name}: {life.report}")
        if len(lives) != count + 1:
            result.wrong.append(f"{len(lives)} of {count + 1} processes have told something")
    return result


def threads(azurite: Emulator, *, host: str, turns: int, tasks: int, seed: int) -> Result:
    """All at once, on one pipeline."""
    result = Result(scenario=f"8 threads, {tasks} tasks, host={host}", repetitions=1)
    with Stage(azurite) as stage:
        stage.faulty(seed, rate=0.1)
        process = stage.start(
            *("tests.chaos.concurrent_worker", "threads"),
            host=host,
            turns=turns,
            tasks=tasks,
            name="t",
        )
        stage.wait(process, timeout=60 + 20 * turns)
        if process.returncode != 0:
            result.wrong.append(f"exit code {process.returncode}")
        stage.calm()
        (life,) = stage.judge(result)
        calls = [producer for producer, _ in life.calls]
        for word in ("gc", "signal"):
            number = sum(producer.startswith(word) for producer in calls)
            result.figures[f"calls by {word}"] = number
            if not number:
                result.wrong.append(f"no call by {word}")
        if life.refused or (life.report and life.report["dropped"]):
            result.wrong.append(f"{life.refused} rows refused, {life.report}")
    return result


if __name__ == "__main__":
    import argparse

    from testkit.emulator import emulator

    parser = argparse.ArgumentParser(prog="python -m tests.chaos.concurrency", description=__doc__)
    parser.add_argument("--forks", type=int, default=10)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with emulator() as running:
        outcomes = [
            *(forks(running, host=h, count=given.forks, seed=given.seed) for h in HOSTS),
            *(
                threads(running, host=h, turns=given.turns, tasks=1000, seed=given.seed)
                for h in HOSTS
            ),
        ]
    print(Result.header(), *outcomes, sep="\n")
    sys.exit(not all(outcome.good for outcome in outcomes))
