"""A running gateway for a test, and what its store holds, read without our code."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import ClientSession

from aiocollect import MemoryStore, Report
from aiocollect.gateway import Gateway, GatewayOptions

SOURCE = (
    "/subscriptions/S/resourceGroups/R/providers/Microsoft.MachineLearningServices/workspaces/W"
    "/onlineEndpoints/churn/deployments/blue"
)
ENVIRON = {"AZUREML_MDC_SOURCE": SOURCE, "AIOCOLLECT_WORKSPACE": "s/r/w", "AIOCOLLECT_SERVICE": "e"}


# The gateway runs on uvloop; on Windows, and within an application, on asyncio's own loop.
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


def on(loop: str, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario on one of LOOPS; what the loop had to complain of fails it."""
    complaints: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        await scenario()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(run())
    assert complaints == []


class Door:
    """A gateway and a client of it; ``report`` once it has stopped."""

    def __init__(self, gateway: Gateway, client: ClientSession) -> None:
        self.gateway = gateway
        self.client = client
        self.report: Report | None = None

    async def post(
        self, path: str, body: Any, *, kind: str = "application/json", **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON answer (None where it is empty), and headers. ``ce_id`` is ``ce-id``."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if kind:
            given["Content-Type"] = kind
        async with self.client.post(path, data=io.BytesIO(data), headers=given) as response:
            told = await response.read()
            return response.status, json.loads(told) if told else None, response.headers

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text."""
        async with self.client.get(path, headers=headers) as response:
            return response.status, await response.text()

    async def raw(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which these bytes are sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
        writer.write(sent)
        await writer.drain()
        return reader, writer


@asynccontextmanager
async def serving(
    store: Path | MemoryStore, environ: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Door]:
    """A gateway on a free port of 127.0.0.1, stopped at the end."""
    gateway = Gateway(
        str(store) if isinstance(store, Path) else store,
        options=GatewayOptions(**{"port": 0, **options}),
        environ=ENVIRON | {"AIOCOLLECT_LINGER": "0"} | dict(environ or {}),
    )
    await gateway.start()
    async with ClientSession(f"http://127.0.0.1:{gateway.port}") as client:
        door = Door(gateway, client)
        try:
            yield door
        finally:
            door.report = await gateway.stop()


def rows(store: Path, stream: str) -> list[dict[str, str]]:
    """The rows of ``model/version/identifier``, file after file."""
    found = []
    for path in sorted((store / "s" / "r" / "w" / "e" / stream).rglob("data*.csv")):
        with path.open(newline="") as file:
            found += list(csv.DictReader(file))
    return found


def records(store: Path) -> list[tuple[str, str]]:
    """Folder (with the hour) and line of each record."""
    root = store / "modelDataCollector"
    return [
        (path.parent.relative_to(root).as_posix(), line)
        for path in sorted(root.rglob("*.jsonl"))
        for line in path.read_text().split("\n")[:-1]
    ]


@contextmanager
def beside(scratch: Path, *packages: str, **environ: str) -> Iterator[tuple[str, str]]:
    """A Python of its own with these packages, from PyPI by their names, and a gateway that stores
    in ``scratch``: the path of the one, the URL of the other."""
    subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], check=True)
    python = str(scratch / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *packages], check=True, timeout=600)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "aiocollect.cli", "gateway", "--port", "0"],
        env={"PATH": "", "AIOCOLLECT_STORE": str(scratch / "store"), **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert gateway.stdout is not None
        found = re.search(r"(http\S+)$", gateway.stdout.readline().strip())
        assert found, "the gateway did not start"
        yield python, found[1]
    finally:
        gateway.terminate()
        code = gateway.wait(30)
    assert code == 0
