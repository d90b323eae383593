"""Stores that hang or are down, hosts that block or are interrupted, disks that are full.

``python -m tests.chaos.outages --seconds 5 --seed 1``
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from testkit.emulator import Emulator
from testkit.proxy import Fault, Kind

from .stage import Result, Stage, chance_of, stopped

__all__ = ["FULL", "HUNGRY", "block", "freeze", "full_disk", "hunger", "interrupt"]

# Numbers, texts, arrays, ids that the caller gives; and the policies at the door.
HUNGRY: Final = ("numbers", "plain", "numpy", "ids")
FULL: Final = ("room", "limit", "tmpfs")
MIB: Final = 2**20


def freeze(azurite: Emulator, *, count: int, seed: int) -> Result:
    """The store is stopped in the middle of its work, longer than an attempt may take, and goes on:
    nothing is doubled, and meanwhile collect() and the host's loop go on."""
    result = Result(scenario="SIGSTOP of the store")
    chance = chance_of(seed)
    for number in range(count):
        with Stage(azurite) as stage:
            process = stage.start(
                "tests.chaos.worker", "watch", loop=chance.choice(["asyncio", "uvloop"])
            )
            stage.loaded(process, bytes_more=5_000)
            time.sleep(chance.uniform(0.0, 0.2))
            with stopped(azurite.pid):
                began = time.monotonic()
                # So many calls while the store stands still; then until attempts have timed out.
                stage.loaded(process, bytes_more=10_000)
                time.sleep(max(0.0, chance.uniform(1.2, 2.5) - (time.monotonic() - began)))
            stage.loaded(process)
            process.send_signal(signal.SIGTERM)
            result.ended(stage.wait(process), promised=3.0)
            (life,) = stage.judge(result)
            if life.report and life.report["stored"] != life.report["accepted"]:
                result.wrong.append(str(life.report))
            _worst(result, life.notes)
            result.repetitions = number + 1
    return result


def _worst(result: Result, notes: dict[str, Any]) -> None:
    for name, figure in notes.items():
        result.figures[name] = max(result.figures.get(name, figure), figure)


def block(azurite: Emulator, *, count: int, seconds: float, seed: int) -> Result:
    """The host's loop stands still, longer than an attempt may take, while answers wait."""
    result = Result(scenario=f"loop blocked {seconds:g} s", repetitions=count)
    chance = chance_of(seed)
    for _ in range(count):
        with Stage(azurite) as stage:
            stage.faulty(chance.randrange(2**32), rate=0.2)
            loop = chance.choice(["asyncio", "uvloop"])
            process = stage.start(
                *("tests.chaos.worker", "block"), blocks=2, seconds=seconds, loop=loop
            )
            stage.wait(process, timeout=60 + 4 * seconds)
            if process.returncode != 0:
                result.wrong.append(f"exit code {process.returncode}")
            stage.calm()
            (life,) = stage.judge(result)
            _worst(result, life.notes)
            if life.report and life.report["stored"] != life.report["accepted"]:
                result.wrong.append(str(life.report))
    return result


def interrupt(azurite: Emulator, *, count: int, seed: int) -> Result:
    """Ctrl-C, and Ctrl-C again while the shutdown waits for a store that hangs."""
    result = Result(scenario="second SIGINT, store hangs", repetitions=count)
    chance = chance_of(seed)
    for _ in range(count):
        with Stage(azurite) as stage:
            process = stage.start("tests.chaos.worker", "interrupted")
            stage.loaded(process, bytes_more=5_000)
            time.sleep(chance.uniform(0.0, 0.3))
            stage.down("stall")
            stage.loaded(process)
            process.send_signal(signal.SIGINT)
            time.sleep(chance.uniform(0.05, 0.5))
            process.send_signal(signal.SIGINT)
            # It would wait for its close_timeout, 10 s, without the second one.
            result.ended(stage.wait(process), promised=3.0)
            stage.calm()
            (life,) = stage.judge(result)
            # It may strike in the worker's own producer, whose task ends with it: asyncio says so.
            result.wrong = [one for one in result.wrong if "KeyboardInterrupt" not in one]
            if process.returncode not in (0, -signal.SIGINT):
                result.wrong.append(f"exit code {process.returncode}")
            if life.report and not life.notes.get("interrupted"):
                result.wrong.append("it was not interrupted")
    return result


def hunger(
    azurite: Emulator, *, kind: str, seconds: float, budget: int, when_full: str = "shed_newest"
) -> Result:
    """The store is down, the producer at full speed: memory is bounded, counters are right."""
    result = Result(scenario=f"outage {seconds:g} s, {kind}, {when_full}", repetitions=1)
    with Stage(azurite) as stage:
        stage.down("busy")
        options = {"max_memory_bytes": budget, "when_full": when_full, "close_timeout": 120.0}
        process = stage.start("tests.chaos.memory_worker", kind=kind, pipeline=options)
        stage.loaded(process)
        time.sleep(seconds)
        process.send_signal(signal.SIGUSR1)
        stage.calm()
        result.ended(stage.wait(process, timeout=150), promised=120)
        (life,) = stage.judge(result)
        result.figures = {**life.notes, "budget_mib": budget / MIB}
        if life.report is None:
            return result
        if life.notes["refused"] != life.notes["not_accepted"]:
            result.wrong.append("the counter of refused rows is not what collect() said")
        gone = sum(life.report["dropped"].values())
        if gone != result.findings.gone or (when_full == "shed_newest" and gone):
            result.wrong.append(f"{result.findings.gone} rows gone; {life.report}")
        if not life.notes["not_accepted"] + gone:
            result.wrong.append("the budget was not used up")
        allowed = 1.25 * budget / MIB + 64
        result.figures["allowed_mib"] = allowed
        if life.notes["grown_mib"] > allowed:
            result.wrong.append(f"grown by {life.notes['grown_mib']} MiB")
    return result


def full_disk(azurite: Emulator, *, disk: str, seed: int) -> Result:
    """Rows that the service refuses become dead letters; with no room for them the rest goes on."""
    result = Result(scenario=f"dead letters, disk: {disk}", repetitions=1)
    with Stage(azurite) as stage, _small(disk, stage.folder) as (letters, limit):
        # A block with a long row in it is too large for this store.
        poison = Fault(kind=Kind.ERROR, status=413, code="RequestBodyTooLarge")

        async def refuse() -> None:
            stage.proxy.seed(
                *(seed,),
                rate=1.1,
                faults=[poison],
                match=lambda seen: seen.operation == "append" and seen.length > 50_000,
            )

        stage.run(refuse())
        process = stage.start("tests.chaos.worker", "poison", pipeline={"dead_letters": letters})
        if limit:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
        stage.wait(process)
        if process.returncode != 0:
            result.wrong.append(f"exit code {process.returncode}")
        (life,) = stage.judge(result)
        dead = sum(life.report["dead_lettered"].values()) if life.report else -1
        given = sum(call.rows for call in life.calls.values() if call.kind == "poison")
        if dead != given or result.findings.gone != given:
            result.wrong.append(f"{given} rows of poison, {result.findings.gone} gone: {dead}")
        kept = _letters(letters)
        result.figures = {"poison": given, "kept as dead letters": kept}
        if not (kept == given if disk == "room" else kept < given):
            result.wrong.append(f"{kept} of {given} dead letters are in the file")
    return result


def _letters(path: str) -> int:
    """Whole entries in the file; a torn one may only be the last."""
    lines = Path(path).read_bytes().splitlines(keepends=True)
    return sum(json.loads(line)["rows"] for line in lines if line.endswith(b"\n"))


@contextmanager
def _small(disk: str, folder: Path) -> Iterator[tuple[str, int]]:
    """A file on a disk with no room, and the limit to set, if any."""
    if disk == "limit":
        yield str(folder / "letters"), 200_000
    elif disk == "room":
        yield str(folder / "letters"), 0
    else:
        with tempfile.TemporaryDirectory(prefix="chaos-") as mount:
            command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", mount]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                raise PermissionError("a tmpfs needs root")
            try:
                yield os.path.join(mount, "letters"), 0
            finally:
                subprocess.run(["umount", mount], check=True)


if __name__ == "__main__":
    import argparse

    from testkit.emulator import emulator

    parser = argparse.ArgumentParser(prog="python -m tests.chaos.outages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with emulator() as running:
        print(Result.header())
        good = True
        for outcome in (
            freeze(running, count=given.count, seed=given.seed),
            block(running, count=given.count, seconds=given.seconds, seed=given.seed),
            interrupt(running, count=given.count, seed=given.seed),
            *(full_disk(running, disk=disk, seed=given.seed) for disk in FULL),
            *(
                hunger(running, kind=kind, seconds=given.seconds, budget=32 * MIB)
                for kind in HUNGRY
            ),
            hunger(
                *(running,),
                kind="plain",
                seconds=given.seconds,
                budget=32 * MIB,
                when_full="shed_oldest",
            ),
        ):
            print(outcome, flush=True)
            good &= outcome.good
    sys.exit(not good)
