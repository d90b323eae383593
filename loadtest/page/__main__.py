"""The price of being looked at: ``python -m loadtest.page``.

A server records rows and has the page mounted; 0, 1 and 5 viewers ask for its figures once a
second, as browsers do. The server's CPU time is read at the ends of windows, whose order changes
from round to round, so a machine that is busy with something else weighs on all of them. And what
one sample costs, by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from typing import Final

from aiohttp import ClientSession

VIEWERS: Final = (0, 1, 5)
SAMPLES: Final = 400


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=float, default=8.0, help="seconds")
    parser.add_argument("--rate", type=int, default=1500, help="rows a second")
    options = parser.parse_args()
    command = [sys.executable, "-m", "loadtest.page.server", str(options.rate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        try:
            asyncio.run(_measured(server, options.rounds, options.window))
        finally:
            server.terminate()


async def _measured(server: subprocess.Popen[str], rounds: int, window: float) -> None:
    url = await _said(server)
    sample = float(await _asked(server, f"sample {SAMPLES}"))
    print(f"one sample: {1000 * sample:.3f} ms of CPU (median of {SAMPLES})")
    found: dict[int, list[float]] = defaultdict(list)
    for number in range(rounds):
        for viewers in VIEWERS if number % 2 else reversed(VIEWERS):
            found[viewers].append(await _window(server, url, viewers, window))
    print("viewers  CPU of the server, ms a second: median (all)")
    for viewers in VIEWERS:
        all_ = " ".join(f"{one:.1f}" for one in found[viewers])
        print(f"{viewers:7}  {statistics.median(found[viewers]):.1f}  ({all_})")


async def _window(server: subprocess.Popen[str], url: str, viewers: int, seconds: float) -> float:
    """Milliseconds of CPU a second, while so many look."""
    async with ClientSession() as session:
        looking = [asyncio.create_task(_look(session, url, k)) for k in range(viewers)]
        await asyncio.sleep(1.0)
        before, began = float(await _asked(server, "cpu")), time.monotonic()
        await asyncio.sleep(seconds)
        after, ended = float(await _asked(server, "cpu")), time.monotonic()
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    return 1000 * (after - before) / (ended - began)


async def _look(session: ClientSession, url: str, place: int) -> None:
    await asyncio.sleep(0.17 * place)
    while True:
        async with session.get(f"{url}status.json") as answer:
            await answer.read()
        await asyncio.sleep(1.0)


async def _asked(server: subprocess.Popen[str], question: str) -> str:
    assert server.stdin is not None
    server.stdin.write(f"{question}\n")
    server.stdin.flush()
    return await _said(server)


async def _said(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return (await asyncio.to_thread(server.stdout.readline)).strip()


if __name__ == "__main__":
    main()
