"""The doors of the page: an ASGI server's, an aiohttp server's, the gateway's, and a command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from aiocollect import MemoryStore, Pipeline
from aiocollect.cli import main as command
from aiocollect.gateway import Gateway, GatewayOptions
from aiocollect.page import Access, page, page_app

TOKEN = "0123456789abcdef"


async def look(client: ClientSession, url: str, **headers: str) -> tuple[int, str]:
    async with client.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text()


async def see(url: str, *, stored: int, title: str = "<title>aiocollect</title>") -> None:
    """The page and its figures are there, and a foreign name is refused."""
    async with ClientSession() as client:
        status, text = await look(client, url)
        assert (status, title in text) == (200, True)
        status, text = await look(client, f"{url}status.json")
        assert status == 200
        (one,) = json.loads(text)["processes"]
        assert (one["pid"], one["stats"]["stored"]) == (os.getpid(), stored)
        status, _ = await look(client, f"{url}status.json", host="evil.example")
        assert status == 421
        status, text = await look(client, f"{url}status.json", **{"x-forwarded-for": "10.0.0.1"})
        assert (status, "stored" in text) == (401, False)


async def recorded() -> Pipeline:
    pipeline = Pipeline(MemoryStore())
    collector = pipeline.collector("churn", feature_names=["a"])
    for cell in range(3):
        collector.collect([float(cell)])
    await pipeline.flush()
    return pipeline


def test_in_an_aiohttp_server() -> None:
    """As a sub-application, behind a prefix."""

    async def main() -> None:
        pipeline = await recorded()
        app = web.Application()
        app.add_subapp("/inner/_aiocollect/", page_app(pipeline))
        async with TestServer(app) as server:
            await see(str(server.make_url("/inner/_aiocollect/")), stored=3)
        await pipeline.aclose()

    asyncio.run(main())


def test_in_the_gateway() -> None:
    """Beside what it accepts; with the gateway's token, where there is one."""

    async def main(token: str | None) -> None:
        options = GatewayOptions(port=0, token=token)
        gateway = Gateway(MemoryStore(), options=options, environ={})
        await gateway.start()
        gateway.pipeline.collector("m", feature_names=["a"]).collect([1.0])
        await gateway.pipeline.flush()
        url = f"http://127.0.0.1:{gateway.port}/_aiocollect/"
        if token is None:
            await see(url, stored=1)
        else:
            async with ClientSession() as client:
                assert (await look(client, url))[0] == 401
                bearer = {"authorization": f"Bearer {token}"}
                assert (await look(client, f"{url}status.json", **bearer))[0] == 200
        await gateway.stop()

    asyncio.run(main(None))
    asyncio.run(main(TOKEN))


@pytest.mark.parametrize("root", ["", "/behind"])
def test_as_an_asgi_application(root: str) -> None:
    """With and without a prefix that a server takes away; a slash that is missing is added."""

    async def main() -> None:
        pipeline = await recorded()
        asked = page(pipeline, Access(token=TOKEN))
        found: list[tuple[int, dict[str, str], bytes]] = []
        for path, query in (
            (f"{root}/status.json", f"token={TOKEN}"),
            (f"{root}/", f"token={TOKEN}"),
            (f"{root}", f"token={TOKEN}"),
            (f"{root}/status.json", ""),
        ):
            sent: list[Any] = []
            scope = {
                "type": "http",
                "method": "GET",
                "path": path,
                "root_path": root,
                "query_string": query.encode(),
                "headers": [(b"host", b"localhost:1")],
                "client": ("10.0.0.7", 1),
            }

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            await asked(scope, receive, send)
            headers = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
            found.append((sent[0]["status"], headers, sent[1]["body"]))
        figures, cookie, slash, refused = found
        assert json.loads(figures[2])["processes"][0]["stats"]["stored"] == 3
        assert figures[1]["content-length"] == str(len(figures[2]))
        assert (cookie[0], cookie[1]["location"]) == (303, "./")
        assert (slash[0], slash[1]["location"]) == (303, f"{root[1:]}/?token={TOKEN}")
        assert (refused[0], b"stored" in refused[2]) == (401, False)
        await pipeline.aclose()

    asyncio.run(main())


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The command as its user starts it, and the address that it prints first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aiocollect.cli", "ui", "--no-browser", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.slow
def test_the_command_shows_what_another_process_records(tmp_path: Path) -> None:
    """By its status file; it prints its address first, and ends with a signal."""
    process, address = started(str(tmp_path))
    try:
        base, _, token = address.partition("?token=")
        wanted = urllib.request.Request(
            f"{base}status.json", headers={"authorization": f"Bearer {token}"}
        )

        def processes() -> list[Any]:
            with urllib.request.urlopen(wanted, timeout=10) as answer:
                found: list[Any] = json.loads(answer.read())["processes"]
                return found

        assert processes() == []
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{base}status.json", timeout=10)
        pipeline = Pipeline(MemoryStore(), host="thread", linger=0.1, status=tmp_path)
        pipeline.collector("churn", feature_names=["a"]).collect([1.0])
        deadline = time.monotonic() + 30
        while not (found := processes()) or not found[0]["stats"]["stored"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert found[0]["pid"] == os.getpid()
        pipeline.close()
        assert processes() == []
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 0


def test_the_command_says_what_it_needs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory, by argument or variable."""
    monkeypatch.delenv("AIOCOLLECT_STATUS", raising=False)
    assert command(["ui"]) == 1
    assert "AIOCOLLECT_STATUS" in capsys.readouterr().err
