"""SIGTERM at a random moment of full load, in the hosts that users have.

While the store answers, everything that was accepted is stored, soon; while it is down, the process
ends within its grace, and its report is right to the row. With a spool nothing is gone: once the
store is back, ``aiocollect replay`` brings what was left, once.
``python -m tests.chaos.sigterms --host uvicorn --count 20 --seed 1``
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from testkit.emulator import Emulator

from .clients import Clients
from .stage import DOWN, Result, Stage, chance_of, until

__all__ = ["HOSTS", "terms"]

HOSTS: Final = ("asyncio", "uvloop", "uvicorn", "uvicorn workers", "gunicorn")
LINGER: Final = 0.1
# What the shutdown of a healthy pipeline may take, beside its linger.
HEALTHY: Final = 2.0
CLOSE: Final = 2.0
# How often the parent of several workers looks at them.
EXTRA: Final = {"gunicorn": 1.0, "uvicorn workers": 0.5}
_PORT = re.compile(r"http://127\.0\.0\.1:(\d+)")
_UVICORN = ("uvicorn", "tests.chaos.server:app", "--port", "0", "--no-access-log")
# By host; with the number of processes that answer.
_SERVERS: Final = {
    "uvicorn": (_UVICORN, 1),
    # Its parent starts them anew, by spawn: each makes a pipeline of its own.
    "uvicorn workers": ((*_UVICORN, "--workers", "2"), 2),
    # Its parent makes the pipeline, and forks.
    "gunicorn": (
        (
            *("gunicorn", "tests.chaos.server:app", "--preload", "--workers", "2"),
            *("--worker-class", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:0"),
        ),
        2,
    ),
}


def terms(
    azurite: Emulator,
    *,
    host: str,
    count: int,
    seed: int,
    faulty: bool = True,
    down: str = "",
    spool: bool = False,
) -> Result:
    """``down``: how the store goes down at a random moment before the signal; "": it does not."""
    weather = f"store {down}" if down else "faults" if faulty else "sound"
    result = Result(scenario=f"SIGTERM {host}, {weather}{', spool' if spool else ''}")
    chance = chance_of(seed)
    for _ in range(count):
        with Stage(azurite) as stage:
            if faulty:
                stage.faulty(chance.randrange(2**32))
            options = {"linger": LINGER, "close_timeout": CLOSE if down else 10.0}
            kept = stage.folder / "spool"
            process, clients = _start(stage, host, options, spool=str(kept) if spool else "")
            time.sleep(chance.uniform(0.0, 0.6))
            if down:
                stage.down(down)
                time.sleep(chance.uniform(0.0, 0.5))
            process.send_signal(signal.SIGTERM)
            seconds = stage.wait(process)
            promised = CLOSE + 1 if down else HEALTHY + LINGER
            result.ended(seconds, promised=promised + EXTRA.get(host, 0.0))
            stage.calm()
            if clients is not None:
                stage.run(clients.stop())
            # A killed process's code is the signal's; uvicorn sends itself the signal at its end.
            if process.returncode not in (0, -signal.SIGTERM if host == "uvicorn" else 0):
                result.wrong.append(f"exit code {process.returncode}")
            if spool:
                _replay(stage, kept, result)
            lives = stage.judge(result, reports=host != "gunicorn")
            if spool and result.findings.gone:
                result.wrong.append("rows are gone in spite of the spool")
            workers = [life for life in lives if life.calls]
            if not all(life.report for life in workers):
                result.wrong.append("a worker that had rows has not reported")
            if not down and any(life.report and life.report["dropped"] for life in lives):
                result.wrong.append("rows were dropped while the store was up")
            if clients is not None:
                told = {key: call.id for life in lives for key, call in life.calls.items()}
                for producer, turn, _, answered in clients.answers:
                    if told.get((producer, turn)) != answered:
                        result.wrong.append(f"a client was answered {answered}, unknown here")
            result.repetitions += 1
    return result


def _replay(stage: Stage, spool: Path, result: Result) -> None:
    """The command that an operator types when the store is back."""
    store = f"azurite://{stage.azurite.host}:{stage.azurite.port}/{stage.container}"
    # Its rows are for another address: that of the proxy.
    process = stage.start("aiocollect.cli", "replay", str(spool), "--store", store, "--any-target")
    stage.wait(process)
    if process.returncode != 0 or any(spool.iterdir()):
        result.wrong.append(f"the replay ended with {process.returncode}: {stage.output()[-2000:]}")


def _start(
    stage: Stage, host: str, options: dict[str, float], *, spool: str
) -> tuple[subprocess.Popen[bytes], Clients | None]:
    """A host at work."""
    task: dict[str, Any] = {"pipeline": options, **({"spool": spool} if spool else {})}
    if host in ("asyncio", "uvloop"):
        process = stage.start("tests.chaos.worker", "serve", loop=host, **task)
        stage.loaded(process)
        return process, None
    command, workers = _SERVERS[host]
    process = stage.start(*command, **task)

    def listens() -> bool:
        assert process.poll() is None, stage.output()[-2000:]
        return _PORT.search(stage.output()) is not None

    until(listens, "port")
    found = _PORT.search(stage.output())
    assert found is not None
    clients = Clients(f"http://127.0.0.1:{found[1]}", "c")
    stage.run(clients.start(16))
    until(lambda: len(clients.pids) >= workers, "answer of each worker")
    return process, clients


if __name__ == "__main__":
    import argparse

    from testkit.emulator import emulator

    parser = argparse.ArgumentParser(prog="python -m tests.chaos.sigterms", description=__doc__)
    parser.add_argument("--host", choices=HOSTS, default="asyncio")
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--down", choices=DOWN, default="")
    parser.add_argument("--spool", action="store_true")
    given = parser.parse_args()
    with emulator() as running:
        outcome = terms(
            running,
            host=given.host,
            count=given.count,
            seed=given.seed,
            faulty=not given.sound,
            down=given.down,
            spool=given.spool,
        )
    print(Result.header(), outcome, sep="\n")
    sys.exit(not outcome.good)
