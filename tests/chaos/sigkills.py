"""SIGKILL at a random moment of full load; a new process goes on with the same paths.

In memory mode a killed process loses at most what was accepted and not confirmed: of each path its
rows are a beginning of what it accepted, at least as long as confirmed, each once, whole. With a
spool, what was spooled is delivered by the next life.
``python -m tests.chaos.sigkills --count 20 --seed 1 [--spool]``
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from testkit.emulator import Emulator

from .stage import Result, Stage, chance_of, until
from .worker import path_of

__all__ = ["kills"]

WRITERS = 2
# Lives on one container; then it is judged, and the next one begins.
CHAIN = 10


def kills(azurite: Emulator, *, count: int, seed: int, spool: bool = False) -> Result:
    """Two writers on one blob; now the one is killed, now the other."""
    result = Result(scenario=f"SIGKILL {'with a spool' if spool else 'in memory'}, faults")
    chance = chance_of(seed)
    while result.repetitions < count:
        with Stage(azurite) as stage:
            stage.faulty(chance.randrange(2**32))
            options = {"linger": chance.choice([0.02, 0.1, 0.3]), "writer": "shared"}
            names = itertools.count()

            def begin(
                number: int,
                stage: Stage = stage,
                pipeline: dict[str, Any] = options,
                names: Iterator[int] = names,
            ) -> subprocess.Popen[bytes]:
                task: dict[str, Any] = {"name": f"k{next(names)}", "pipeline": pipeline}
                if spool:
                    task["spool"] = str(stage.folder / f"spool{number}")
                return stage.start("tests.chaos.worker", "serve", **task)

            writers = [begin(number) for number in range(WRITERS)]
            for _ in range(min(CHAIN, count - result.repetitions)):
                victim = chance.randrange(WRITERS)
                stage.loaded(writers[victim])
                time.sleep(chance.uniform(0.0, 0.6))
                writers[victim].send_signal(signal.SIGKILL)
                writers[victim].wait(30)
                result.repetitions += 1
                writers[victim] = begin(victim)
            # All to their end: the last lives go on behind the dead ones.
            stage.calm()
            for writer in writers:
                stage.loaded(writer)
            if spool:
                # What dead ones have left is the last ones' by now, or it would wait for the next.
                until(partial(_alone, stage.folder), "end of the replay", timeout=60)
            for writer in writers:
                stage.loaded(writer)
                writer.send_signal(signal.SIGTERM)
                result.ended(stage.wait(writer), promised=10.0)
                if writer.returncode != 0:
                    result.wrong.append(f"exit code {writer.returncode}")
            told = stage.judge(result, path_of=path_of, reports=False)
            if sum(life.report is not None for life in told) != WRITERS:
                result.wrong.append("one of the last lives has not reported")
            confirmed = sum(sum(life.confirmed.values()) for life in told)
            figures = result.figures
            figures["confirmed"] = figures.get("confirmed", 0) + confirmed
            figures["came back never, stored"] = result.findings.unsure
    return result


def _alone(folder: Path) -> bool:
    """Whether each spool holds its living writer's directory, and no other."""
    return all(len(list((folder / f"spool{n}").iterdir())) == 1 for n in range(WRITERS))


if __name__ == "__main__":
    import argparse

    from testkit.emulator import emulator

    parser = argparse.ArgumentParser(prog="python -m tests.chaos.sigkills", description=__doc__)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spool", action="store_true")
    given = parser.parse_args()
    with emulator() as running:
        outcome = kills(running, count=given.count, seed=given.seed, spool=given.spool)
    print(Result.header(), outcome, sep="\n")
    sys.exit(not outcome.good)
