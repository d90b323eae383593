"""One run of a scoring server under an open-loop load: latency, cost, timeline, and the audit."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp

from aiocollect.testing import emulator_connection_string
from testkit.child import Child
from testkit.proxy import Fault, Kind

from ..harness.audit import FORMATS, KeyVerdict, judge, read_keys
from ..harness.environments import OWN_PYTHON
from ..harness.latencies import PERCENTILES, Latencies
from ..harness.processes import cpu_of, finish, go, keep_back
from ..harness.stage import LOAD_CORE, SERVER_CORE, Place, Stage
from .generator import MOST_WAITING
from .recorders import READERS
from .split import PARTS as SPLIT

__all__ = ["WEATHERS", "Case", "run"]

_EVERY: Final = 0.25  # of the timeline
_COLUMNS: Final = 10
_PARTS: Final = ("main", "waited", "collected", "store")
_DOOR: Final = "/collect/model/1/rows"  # of the gateway
_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run. ``store``: "emulator", or "elsewhere" (elsewhere.py). ``profiled``: the server tells
    whose its CPU is (split.py), which costs some. ``weather``: what the store
    does meanwhile (WEATHERS). With ``timeline`` the server is looked at four times a second, which
    is a request more each time."""

    recorder: str
    schedule: dict[str, Any]
    server: str = "aiohttp"
    store: str = "emulator"
    profiled: bool = False
    weather: str = "fair"
    timeline: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    generators: int = 1
    limit: int = MOST_WAITING
    seed: int = 1
    warm_up: float = 1.0


async def _outage(place: Place, seconds: float) -> None:
    """Down in the middle third."""
    assert place.proxy is not None
    await asyncio.sleep(seconds / 3)
    place.proxy.seed(0, rate=1.1, faults=[Fault(kind=Kind.RESET_BEFORE)], match=lambda _: True)
    await asyncio.sleep(seconds / 3)
    place.proxy.calm()


async def _slow(place: Place, seconds: float) -> None:
    assert place.proxy is not None
    place.proxy.latency = 0.25


async def _throttled(place: Place, seconds: float) -> None:
    """Every second append is told to come again later."""
    assert place.proxy is not None
    busy = Fault(kind=Kind.ERROR, status=503, code="ServerBusy", retry_after="1")
    place.proxy.seed(1, rate=0.5, faults=[busy])


WEATHERS: Final = {"fair": None, "outage": _outage, "slow": _slow, "throttled": _throttled}


async def run(stage: Stage, case: Case) -> dict[str, Any]:
    """What came of it. Without ``figures`` where the audit finds fault."""
    number = next(_numbers)
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(stage.place(proxied=case.weather != "fair"))
        log = stage.folder / f"{number}.log"
        store = None
        if case.store == "elsewhere":
            store = await stack.enter_async_context(_elsewhere(stage, number, log))
            port = (await store.hear("port", timeout=40))["port"]
            keep_back(store.pid, LOAD_CORE)
            place = replace(
                place, connection_string=emulator_connection_string(f"127.0.0.1:{port}")
            )
        task = {
            "server": case.server,
            "recorder": case.recorder,
            "connection_string": place.connection_string,
            "container": place.container,
            "store": place.url,
            "columns": _COLUMNS,
            "options": case.options,
            "profiled": case.profiled,
        }
        python, sidecar, switches = sys.executable, None, {}
        if case.recorder == "azureml":
            python = str(OWN_PYTHON)
            sidecar = await stack.enter_async_context(_sidecar(place, log))
            switches = await _switched_on(stage, sidecar, number)
        server = await stack.enter_async_context(
            Child(
                "loadtest.endpoint.server",
                task,
                log=log,
                core=SERVER_CORE,
                environment={**os.environ, **switches},
                python=python,
            )
        )
        ready = await server.hear("port", timeout=40)
        url = f"http://127.0.0.1:{ready['port']}"
        usage_url = f"http://127.0.0.1:{ready.get('usage_port', ready['port'])}/usage"
        loads = []
        for shard in range(case.generators):
            load = {
                "url": url + (_DOOR if case.server == "gateway" else "/score"),
                "schedule": case.schedule,
                "seed": case.seed,
                "shard": shard,
                "shards": case.generators,
                "warm_up": case.warm_up,
                "columns": _COLUMNS,
                "limit": case.limit,
                "keys": str(stage.folder / f"{number}-{shard}.keys"),
            }
            child = Child("loadtest.endpoint.generator", load, log=log, core=LOAD_CORE)
            loads.append(await stack.enter_async_context(child))
        begin = await go(loads, timeout=40)
        keeper = stage.azurite.pid if store is None else store.pid
        timeline, usage = await _watch(usage_url, begin, case, place, keeper)
        told = [await load.hear("ended", timeout=60) for load in loads]
        ended = time.monotonic()
        await finish(server, timeout=120)
        closing = time.monotonic() - ended
        if sidecar is not None:
            await sidecar.end(timeout=120)
        files = (await finish(store, timeout=60))["files"] if store is not None else None
        verdict = await _audit(stage, case, place, number, files)
    result = {
        "recorder": case.recorder,
        "server": case.server,
        "weather": case.weather,
        "schedule": case.schedule,
        "seed": case.seed,
        "audit": verdict.figures() if verdict else None,
        "closing_seconds": round(closing, 2),
        **_counts(told),
    }
    if result["answered"] and (verdict is None or verdict.good):
        result["figures"] = _figures(told, usage)
        result["timeline"] = timeline
    return result


# Beside the server -----------------------------------------------------------------------------


def _elsewhere(stage: Stage, number: int, log: Path) -> Child:
    """A store that answers at once, on the core of the load."""
    task = {"folder": str(stage.folder), "name": str(number)}
    return Child("loadtest.endpoint.elsewhere", task, log=log, core=LOAD_CORE)


def _sidecar(place: Place, log: Path) -> Child:
    """The face-off's stand-in, that answers when it has taken a record: to the client's favour."""
    task = {
        "connection_string": place.connection_string,
        "container": place.container,
        "attempt_timeout": 20,
        "answer": "taken",
    }
    return Child("loadtest.faceoff.sidecar", task, log=log, python=str(OWN_PYTHON), core=LOAD_CORE)


async def _switched_on(stage: Stage, sidecar: Child, number: int) -> dict[str, str]:
    port = (await sidecar.hear("port", timeout=40))["port"]
    switches = stage.folder / f"{number}-azureml.json"
    switches.write_text(json.dumps({"collections": {"rows": {"enabled": True}}}))
    return {"AZUREML_MDC_CONFIG_PATH": str(switches), "AZUREML_MDC_PORT": str(port)}


# While it runs ---------------------------------------------------------------------------------


async def _watch(
    url: str, begin: float, case: Case, place: Place, store: int
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The timeline, and what server and store (a process id) had cost when the warm-up was over,
    and at the end."""
    seconds: float = case.schedule["seconds"]
    weather = WEATHERS[case.weather]
    timeline: list[dict[str, float]] = []
    await asyncio.sleep(max(0.0, begin - time.monotonic()))
    change = asyncio.create_task(weather(place, seconds)) if weather else None
    async with aiohttp.ClientSession() as session:
        await asyncio.sleep(max(0.0, begin + case.warm_up - time.monotonic()))
        first = await _usage(url, session) | {"store": cpu_of(store)}
        while (now := time.monotonic() - begin) < seconds:
            if not case.timeline:
                await asyncio.sleep(seconds - now)
                break
            timeline.append({"at": round(now, 2), **await _usage(url, session)})
            await asyncio.sleep(_EVERY)
        last = await _usage(url, session) | {"store": cpu_of(store)}
    if change is not None:
        await change
    return timeline, [first, last]


async def _usage(url: str, session: aiohttp.ClientSession) -> dict[str, float]:
    async with session.get(url) as response:
        found: dict[str, float] = await response.json()
        return found


# Behind it -------------------------------------------------------------------------------------


async def _audit(
    stage: Stage, case: Case, place: Place, number: int, stored: list[str] | None
) -> KeyVerdict | None:
    reader = READERS[case.recorder]
    if not reader:
        return None
    files = [stage.folder / f"{number}-{shard}.keys" for shard in range(case.generators)]
    offered = read_keys(file.with_suffix(".offered") for file in files)
    answered = read_keys(file.with_suffix(".answered") for file in files)
    if stored is None:
        return judge(offered, answered, await stage.stored(place, reader))
    return judge(offered, answered, _keys(stored, reader))


def _keys(files: list[str], reader: str) -> Iterator[int]:
    for file in files:
        yield from FORMATS[reader](Path(file).read_bytes())


def _counts(told: list[dict[str, Any]]) -> dict[str, Any]:
    failed: Counter[str] = Counter()
    for one in told:
        failed.update(one["failed"])
    names = ("offered", "answered", "unsent")
    return {**{name: sum(one[name] for one in told) for name in names}, "failed": dict(failed)}


def _figures(told: list[dict[str, Any]], usage: list[dict[str, float]]) -> dict[str, Any]:
    """Latencies in ms, from the due time; what the server cost, in microseconds a request: CPU, of
    it the main thread's and the garbage collector's, what the main thread waited for its core; and
    what the store's process cost."""
    latencies = Latencies.of(one["latencies"] for one in told)
    late = Latencies.of(one["late"] for one in told)
    answers: Counter[int] = Counter()
    for one in told:
        answers.update({int(second): count for second, count in one["per_second"].items()})
    first, last = usage
    requests = last["requests"] - first["requests"]

    def a_request(name: str) -> float | None:
        return 1e6 * (last.get(name, 0.0) - first.get(name, 0.0)) / requests if requests else None

    return {
        **{f"p{share:g}": _ms(latencies.at(share)) for share in PERCENTILES},
        "send_lateness_p99": _ms(late.at(99.0)),
        **{f"{name}_us": a_request(name) for name in ("cpu", *_PARTS)},
        "samples": {
            part: last.get(f"sampled {part}", 0) - first.get(f"sampled {part}", 0) for part in SPLIT
        },
        "curve": [(share, _ms(value)) for share, value in latencies.curve()],
        "answers": [answers[second] for second in range(max(answers, default=-1) + 1)],
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1e3 * seconds, 3)
