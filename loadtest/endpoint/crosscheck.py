"""The open-loop generator beside ``wrk``: ``python -m loadtest.endpoint.crosscheck [--seconds 5]``.

wrk is closed-loop: each connection sends when the answer before has come. So two things compare:
how many answers a second a server gives when it is asked for more than it can, and, where nobody
waits for anybody, how long an answer takes: one connection of wrk's, against our generator at the
same number of requests a second, and at a tenth of it.

Two servers: one that answers after 5 ms and does nothing else, and the load test's scoring server
without a collector. Server and load have a core each. Ends with 3 where wrk is not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from testkit.child import Child, say, stop_event, task_of

from ..harness.latencies import Latencies
from ..harness.pages import PAGES, write
from ..harness.processes import before_others, go
from ..harness.stage import LOAD_CORE, SERVER_CORE
from .generator import MOST_WAITING
from .suite import CROWD

MISSING: Final = "wrk is not installed; on Debian: apt install wrk"
_COLUMNS: Final = 10
_DELAY: Final = 0.005
# What a generator sends, and an answer of its own making to say what it found.
_SCRIPT: Final = """
wrk.method = "POST"
wrk.body = "[[1.0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]]"
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"answers":%d,"micros":%d,"mean":%f,"p50":%f,"p99":%f,"failed":%d}',
    summary.requests, summary.duration, latency.mean, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


# The server that does nothing but wait ------------------------------------------------------------


class Waiting(asyncio.Protocol):
    """Answers each request after a delay."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # A request comes in one piece or two; its body, the row, ends it.
        if data.endswith(b"]]"):
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1.0]"
            asyncio.get_running_loop().call_later(_DELAY, self._transport.write, answer)


async def _serve() -> None:
    stop = stop_event()
    server = await asyncio.get_running_loop().create_server(Waiting, "127.0.0.1", 0)
    say(port=server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()


# The two sides ------------------------------------------------------------------------------------


async def _wrk(url: str, script: Path, *, connections: int, seconds: float) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script), url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, {LOAD_CORE})
    output, _ = await process.communicate()
    found = json.loads(output[output.index(b'{"') :])
    milliseconds = {name: found[name] / 1e3 for name in ("mean", "p50", "p99")}
    rate = found["answers"] / (found["micros"] / 1e6)
    return {"rate": rate, "failed": found["failed"], **milliseconds}


async def _ours(
    url: str, folder: Path, *, rate: float, seconds: float, generators: int = 1
) -> dict[str, float]:
    """The same figures; ``rate`` is of the answers in all whole seconds after the warm-up."""
    async with AsyncExitStack() as stack:
        loads = []
        for shard in range(generators):
            task = {
                "url": url,
                "schedule": {"kind": "constant", "rate": rate, "seconds": seconds + 1},
                "keys": str(folder / f"{shard}.keys"),
                "columns": _COLUMNS,
                "limit": CROWD if generators > 1 else MOST_WAITING,
                "seed": 1,
                "shard": shard,
                "shards": generators,
                "warm_up": 1.0,
            }
            child = Child(
                "loadtest.endpoint.generator", task, log=folder / "generators.log", core=LOAD_CORE
            )
            loads.append(await stack.enter_async_context(child))
        await go(loads, timeout=40)
        told = [await load.hear("ended", timeout=60 + seconds) for load in loads]
    latencies = Latencies.of(one["latencies"] for one in told)
    late = Latencies.of(one["late"] for one in told)
    found = {"mean": latencies.mean(), "p50": latencies.at(50.0), "p99": latencies.at(99.0)}
    answers = [
        sum(one["per_second"].get(str(second), 0) for one in told)
        for second in range(1, int(seconds) + 1)
    ]
    return {
        "rate": statistics.mean(answers),
        "failed": sum(sum(one["failed"].values()) for one in told),
        "late p50": 1e3 * (late.at(50.0) or 0.0),
        **{name: 1e3 * (value or 0.0) for name, value in found.items()},
    }


async def _compare(name: str, url: str, folder: Path, seconds: float) -> list[str]:
    script = folder / "wrk.lua"
    script.write_text(_SCRIPT)
    alone = await _wrk(url, script, connections=1, seconds=seconds)
    lines = [_line(name, "wrk, 1 connection", alone)]
    for share in (1.0, 0.1):
        rate = alone["rate"] * share
        found = await _ours(url, folder, rate=rate, seconds=seconds)
        lines.append(_line(name, f"generator, {rate:,.0f} requests a second", found))
    most = await _wrk(url, script, connections=64, seconds=seconds)
    lines.append(_line(name, "wrk, 64 connections", most))
    # A quarter more than wrk was given, of two processes that let few wait, as the ramps do.
    rate = 1.25 * most["rate"]
    found = await _ours(url, folder, rate=rate, seconds=seconds, generators=2)
    lines.append(_line(name, f"2 generators, {rate:,.0f} requests a second", found))
    return lines


def _line(server: str, load: str, found: dict[str, float]) -> str:
    cells = [f"{found['rate']:,.0f}", *(f"{found[name]:.2f}" for name in ("mean", "p50", "p99"))]
    cells += [f"{found['late p50']:.2f}" if "late p50" in found else "", f"{found['failed']:,.0f}"]
    return f"| {server} | {load} | {' | '.join(cells)} |"


async def _run(seconds: float) -> str:
    lines = [
        "| server | load | answers a second | mean ms | p50 ms | p99 ms | late p50 | failed |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines))
    servers: dict[str, tuple[str, dict[str, Any]]] = {
        "5 ms": ("loadtest.endpoint.crosscheck", {}),
        "scoring": (
            "loadtest.endpoint.server",
            {"server": "aiohttp", "recorder": "none", "columns": _COLUMNS},
        ),
    }
    for name, (module, task) in servers.items():
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            async with Child(module, task, log=folder / "log", core=SERVER_CORE) as server:
                port = (await server.hear("port", timeout=40))["port"]
                url = f"http://127.0.0.1:{port}/score"
                found = await _compare(name, url, folder, seconds)
                print("\n".join(found), flush=True)
                lines += found
    return "\n".join(lines)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.endpoint.crosscheck", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--before-others", action="store_true", help="with a real-time priority")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        print(MISSING, file=sys.stderr)
        return 3
    obstacle = before_others() if given.before_others else ""
    if obstacle:
        parser.error(f"--before-others: {obstacle}")
    before = os.getloadavg()[0]
    table = asyncio.run(_run(given.seconds))
    if given.write:
        about = f"{given.seconds:g} s each, {os.cpu_count()} cores, load {before:.1f} before"
        about += ", before all other processes" if given.before_others else ""
        write(PAGES / "loadtest.md", "crosscheck", table, conditions=about)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["{}"]:  # the server's task
        task_of()
        asyncio.run(_serve())
    else:
        sys.exit(main())
