"""Rounds: all contenders at the same time, in the same weather, against a fresh emulator.

A *graceful* round ends each producer with SIGTERM when it has offered its last row. A *kill* round
kills it in the middle of the load, and starts it again with the next row; its sidecar lives on. The
oracle reads when everything that the faults kept back has reached the emulator.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient

from testkit.child import Child, ChildLate
from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import FaultProxy, Kind

from ..harness.environments import OWN_PYTHON
from .conditions import Conditions, Planned, kill_moment, plan, schedule
from .contenders import Contender
from .oracle import READERS, ContenderVerdict, judge
from .rows import read_ledger

__all__ = ["Result", "run_round"]

# From "all are ready" to the first row.
_LEAD = 0.3
# pandas takes seconds to import where the machine is busy.
_START = 40.0


@dataclass(slots=True, kw_only=True)
class Result:
    """Of one contender in one round."""

    contender: str
    kind: str
    seed: int
    verdict: ContenderVerdict
    # From the load's begin to the end of the last process.
    seconds: float
    # Whether it ended by itself, in time, with exit code 0.
    finished: bool
    # Appends on the wire, and the faults met, by kind (the outage's among the resets before).
    appends: int
    faults: dict[str, int]
    versions: dict[str, str] = field(default_factory=dict)


async def run_round(
    emulator: Emulator,
    contenders: Sequence[Contender],
    *,
    kind: str,
    seed: int,
    conditions: Conditions,
    directory: Path,
    planned: Sequence[Planned] | None = None,
) -> list[Result]:
    """Run one round. ``planned``: other faults than the seed's."""
    faults = list(plan(seed, conditions) if planned is None else planned)
    async with AsyncExitStack() as stack:
        courses = []
        for contender in contenders:
            proxy = await stack.enter_async_context(FaultProxy((emulator.host, emulator.port)))
            course = _Course(contender, proxy, kind, seed, conditions, directory)
            courses.append(course)
            stack.push_async_callback(course.clear)
        await asyncio.to_thread(
            _make_containers, emulator, [course.container for course in courses]
        )
        await asyncio.gather(*(course.prepare() for course in courses))
        begin = time.monotonic() + _LEAD
        for course in courses:
            schedule(course.proxy, faults, begin)
        await asyncio.gather(*(course.run(begin) for course in courses))
        for course in courses:
            course.proxy.calm()
            await course.proxy.release()
        return [await asyncio.to_thread(course.result, emulator) for course in courses]


def _make_containers(emulator: Emulator, names: list[str]) -> None:
    with BlobServiceClient.from_connection_string(emulator.connection_string) as service:
        for name in names:
            service.create_container(name)


class _Course:
    """One contender's way through one round."""

    def __init__(
        self,
        contender: Contender,
        proxy: FaultProxy,
        kind: str,
        seed: int,
        conditions: Conditions,
        directory: Path,
    ) -> None:
        self.proxy = proxy
        self.container = f"{kind}-{seed}-{contender.name}"
        self._contender = contender
        self._kind = kind
        self._seed = seed
        self._conditions = conditions
        self._directory = directory
        self._lives: list[Child] = []
        self._sidecar: Child | None = None
        self._versions: dict[str, str] = {}
        self._switches: dict[str, str] = {}
        self._seconds = 0.0
        self._finished = True

    def _task(self, **more: Any) -> dict[str, Any]:
        return {
            "connection_string": self.proxy.connection_string,
            "container": self.container,
            "attempt_timeout": self._conditions.attempt_timeout,
            "spool": str(self._directory / f"{self.container}.spool")
            if self._contender.spool
            else None,
            **more,
        }

    @property
    def _log(self) -> Path:
        return self._directory / f"{self.container}.log"

    def _ledger(self, life: int) -> Path:
        return self._directory / f"{self.container}-{life}.ledger"

    def _producer(self, life: int) -> str:
        return f"{self._contender.name}-{life}"

    async def prepare(self) -> None:
        """Start the first life, and its sidecar before it."""
        if self._contender.sidecar:
            task = self._task(answer=self._contender.sidecar)
            self._sidecar = self._child("sidecar", task)
            await self._sidecar.start()
            ready = await self._sidecar.hear("ready", timeout=_START)
            switches = self._directory / f"{self.container}.json"
            switches.write_text(json.dumps({"collections": {"rows": {"enabled": True}}}))
            self._switches = {
                "AZUREML_MDC_CONFIG_PATH": str(switches),
                "AZUREML_MDC_PORT": str(ready["port"]),
            }
        await self._start(first=0)

    async def _start(self, *, first: int) -> Child:
        number = len(self._lives)
        task = self._task(
            ledger=str(self._ledger(number)),
            producer=self._producer(number),
            seed=self._seed,
            rows=self._conditions.rows,
            rate=self._conditions.rate,
            first=first,
        )
        life = self._child(self._contender.module, task)
        await life.start()
        self._lives.append(life)
        ready = await life.hear("ready", timeout=_START)
        self._versions = self._versions or ready["ready"]
        return life

    def _child(self, module: str, task: dict[str, Any]) -> Child:
        # Only what it needs: no variable of the caller's may configure a contender.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return Child(
            f"loadtest.faceoff.{module}",
            task,
            log=self._log,
            python=str(OWN_PYTHON) if self._contender.sidecar else sys.executable,
            environment={**kept, **self._switches},
        )

    async def run(self, begin: float) -> None:
        """From the load's begin to the end of the last process."""
        deadline = begin + self._conditions.deadline
        life = self._lives[-1]
        await life.tell(begin=begin)
        if self._kind == "kill":
            moment = begin + kill_moment(self._seed, self._conditions)
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            await life.kill()
            offered = read_ledger(self._ledger(0)).offered
            life = await self._start(first=max(offered, default=-1) + 1)
            await life.tell(begin=begin)
        try:
            await life.hear("offered", timeout=deadline - time.monotonic())
        except ChildLate:
            self._finished = False
        ended = await life.end(timeout=deadline - time.monotonic())
        if self._sidecar is not None:
            ended = await self._sidecar.end(timeout=deadline - time.monotonic()) and ended
        self._finished = self._finished and ended
        self._seconds = time.monotonic() - begin

    async def clear(self) -> None:
        """Whatever happened: no process is left."""
        for life in (*self._lives, self._sidecar):
            if life is not None:
                await life.kill()

    def result(self, emulator: Emulator) -> Result:
        """Ask the oracle. Blocks."""
        told = {
            self._producer(number): read_ledger(self._ledger(number))
            for number in range(len(self._lives))
        }
        met = Counter(
            seen.fault.kind.value for seen in self.proxy.seen if seen.fault.kind is not Kind.NONE
        )
        return Result(
            contender=self._contender.name,
            kind=self._kind,
            seed=self._seed,
            verdict=judge(
                blob_bytes(emulator.connection_string, self.container),
                told,
                seed=self._seed,
                reader=READERS[self._contender.reader],
            ),
            seconds=round(self._seconds, 1),
            finished=self._finished,
            appends=len(self.proxy.appends),
            faults=dict(sorted(met.items())),
            versions=self._versions,
        )
