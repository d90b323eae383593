"""The life of a gateway: who may come in, back-pressure, readiness, metrics, and its end."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from aiocollect import ConfigError, MemoryStore
from aiocollect.gateway import Gateway, GatewayOptions, load_token
from aiocollect.testing import Fault, FaultKind, Operation
from tests.gateway.serving import records, rows, serving
from tests.gateway.test_forms import ID, KSERVE

TOKEN = "a-token-of-some-length"
ROWS = "/collect/m/1/i"
# Small enough to be full at once: 4 batches of a kilobyte.
SMALL = {"AIOCOLLECT_MAX_MEMORY_BYTES": "4096", "AIOCOLLECT_MAX_BATCH_BYTES": "1024"}


class Outage:
    """A store's faults: every request fails until ``over`` is set."""

    def __init__(self) -> None:
        self.over = False

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        return None if self.over else Fault(FaultKind.BUSY)


# The token ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With a token nothing but the probes is answered without it, bodies are not even read; the
    token is in no log, repr or answer."""
    wrong = ["", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \xe4"]
    async with serving(tmp_path, token=TOKEN) as door:
        for given in wrong:
            status, told, headers = await door.post(ROWS, b"{", Authorization=given)
            assert (status, told["field"]) == (401, "Authorization")
            assert headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in json.dumps(told)
            assert (await door.get("/metrics", Authorization=given))[0] == 401
            assert (await door.get("/nowhere", Authorization=given))[0] == 401
        assert (await door.get("/healthz"))[0] == (await door.get("/readyz"))[0] == 200
        for scheme in ("Bearer", "bearer"):
            given = f"{scheme} {TOKEN}"
            assert (await door.post(ROWS, {"a": 1}, Authorization=given))[0] == 202
        assert TOKEN not in repr(door.gateway) + repr(door.gateway.options) + caplog.text
    assert len(rows(tmp_path, "m/1/i")) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])
def test_no_token_no_other_host(host: str) -> None:
    """Beyond loopback it does not start without a token."""
    with pytest.raises(ConfigError, match="token"):
        GatewayOptions(host=host)
    assert GatewayOptions(host=host, token=TOKEN).lets_in(f"Bearer {TOKEN}")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback(host: str) -> None:
    """On loopback it does."""
    assert GatewayOptions(host=host).lets_in("")


def test_loading_a_token(tmp_path: Path) -> None:
    """From the file, else the variable; what is none is refused, and never shown."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    environ = {"AIOCOLLECT_GATEWAY_TOKEN": "another-token-of-length"}
    assert load_token(str(file), environ) == TOKEN
    assert load_token(None, environ) == "another-token-of-length"
    assert load_token(None, {}) is None
    with pytest.raises(ConfigError, match="token-file cannot be read"):
        load_token(str(tmp_path / "none"), {})
    for bad in (
        "short-token",
        "with a space in the token",
        "two\nlines-of-a-token-here",
        "\xe4" * 20,
    ):
        with pytest.raises(ConfigError) as caught:
            GatewayOptions(token=bad)
        assert bad not in str(caught.value)
    file.write_text("\xe4" * 20, encoding="utf-8")
    with pytest.raises(ConfigError, match="ASCII"):
        load_token(str(file), {})


# Back-pressure and telling ------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_back_pressure() -> None:
    """A store that is away: 429 with Retry-After once there is no room, never before an accept is
    lost; ready again when the store is, and everything that was accepted is stored."""
    outage = Outage()
    store = MemoryStore(faults=outage)
    async with serving(store, SMALL) as door:
        assert (await door.get("/readyz"))[0] == 200
        accepted = refused = 0
        # Rows are charged less once they are encoded, so that there may be room again for a while.
        while not refused or (await door.get("/readyz"))[0] == 200:
            status, told, headers = await door.post(ROWS, {"a": accepted})
            accepted += status == 202
            if status != 202:
                refused += 1
                assert (status, told["status"]) == (429, 429)
                assert int(headers["Retry-After"]) > 0
        assert accepted
        assert (await door.get("/healthz"))[0] == 200
        outage.over = True
        while (await door.get("/readyz"))[0] != 200:
            pass
        assert (await door.post(ROWS, {"a": -1}))[0] == 202
    assert door.report is not None
    assert door.report.complete
    assert door.report.accepted == accepted + 1


@pytest.mark.asyncio
async def test_the_accepted_part_of_a_batch() -> None:
    """Where a batch does not fit whole, the answer says how many of its events were taken."""
    outage = Outage()
    async with serving(MemoryStore(faults=outage), SMALL) as door:
        batch = [
            {"specversion": "1.0", "id": str(n), "source": "s", "type": "t", "data": n}
            for n in range(100)
        ]
        status, told, _ = await door.post("/", batch, kind="application/cloudevents-batch+json")
        assert status == 429
        assert told["accepted"] == door.gateway.pipeline.stats().accepted > 0
        outage.over = True


@pytest.mark.asyncio
async def test_metrics(tmp_path: Path) -> None:
    """Prometheus's own parser reads them; they say what was done; no name and no cell is there."""
    async with serving(tmp_path) as door:
        await door.post(ROWS, [{"a": "canary-1"}, {"a": "canary-2"}])
        await door.post("/collect/canary-3/1/i", b"{")
        await door.get("/canary-4")
        await door.gateway.pipeline.flush()
        _, text = await door.get("/metrics")
        stats = door.gateway.pipeline.stats()
    assert "canary" not in text
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    # The names, labels and kinds are those of the other exporters; see docs/reference/metrics.md.
    named = {"pipeline": "default"}.items()
    accepted = found["aiocollect_rows_accepted_total", frozenset(named)]
    assert accepted == found["aiocollect_rows_stored_total", frozenset(named)] == 2
    appended = found["aiocollect_appended_bytes_total", frozenset(named)]
    assert appended == stats.appended_bytes > 0
    route = "/collect/{model}/{version}/{identifier}"

    def requests(route: str, status: int) -> float:
        labels = {"route": route, "status": str(status)}
        return found["aiocollect_gateway_requests_total", frozenset(labels.items())]

    assert (requests(route, 202), requests(route, 400), requests(route, 429)) == (1, 1, 0)
    assert requests("none", 404) == 1


@pytest.mark.asyncio
async def test_switched_off(tmp_path: Path) -> None:
    """What is switched off is answered with success, and records nothing."""
    async with serving(tmp_path, {"AIOCOLLECT_ENABLED": "false"}) as door:
        status, told, _ = await door.post(ROWS, {"a": 1})
        assert (status, told) == (202, {"correlation_id": None, "rows": 1})
        assert (await door.post("/", b"1", **KSERVE))[0] == 200
    assert door.report is not None
    assert door.report.accepted == 0


# The end ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_stopping(tmp_path: Path) -> None:
    """While it stops, a request under way is answered, a new one on a connection in use gets 503,
    and the one that was answered is stored."""
    gateway = Gateway(str(tmp_path), options=GatewayOptions(port=0, parting_time=30), environ={})
    await gateway.start()
    head = b"POST /collect/m/1/i HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(head + b"Content-Length: 7\r\n\r\n")
    url = f"http://127.0.0.1:{gateway.port}"
    async with ClientSession(url) as client:
        while True:  # until the first one is in the application
            async with client.get("/metrics") as answer:
                if "gateway_connections 2\n" in await answer.text():
                    break
        stopping = asyncio.ensure_future(gateway.stop())
        await asyncio.sleep(0)
        async with client.post(ROWS, data=b"{}") as answer:
            assert answer.status == 503
            assert answer.headers["Connection"] == "close"
            assert (await answer.json(content_type=None))["type"].endswith("stopping")
        writer.write(b'{"a":1}')
        told = await reader.read()
        writer.close()
    report = await stopping
    # Its head may have come before the end or after it; never is it accepted and unanswered.
    assert report.accepted == report.stored == (b" 202 " in told[:20])


def test_sigterm_in_mid_load(tmp_path: Path) -> None:
    """SIGTERM while four clients post rows and events without pause: it ends with 0, and what was
    answered with success is stored, once."""
    command = [sys.executable, "-m", "aiocollect.cli", "gateway", "--port", "0"]
    environ = {"AIOCOLLECT_WORKSPACE": "s/r/w", "AIOCOLLECT_SERVICE": "e", "PATH": ""}
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(
            [*command, "--store", str(tmp_path / "store")],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert found, (tmp_path / "log").read_text()
            port = int(found[1])
            answered: list[str] = []
            enough = threading.Event()

            def client(number: int) -> None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                for n in range(100_000):
                    name = f"c{number}-{n}"
                    try:
                        if number % 2:
                            body = json.dumps({"rows": [{"n": n}], "correlation_id": name})
                            headers = {"Content-Type": "application/json"}
                            connection.request("POST", ROWS, body, headers)
                        else:
                            headers = {"ce-specversion": "1.0", "ce-id": name, "ce-source": "s"}
                            headers |= {"ce-type": "t.request", "Content-Type": "application/json"}
                            connection.request("POST", "/", str(n), headers)
                        answer = connection.getresponse()
                        answer.read()
                    except (OSError, http.client.HTTPException):
                        assert enough.is_set(), "refused before SIGTERM"
                        return
                    if answer.status == 503:
                        assert enough.is_set(), "closing before SIGTERM"
                        return
                    assert answer.status in (200, 202)
                    answered.append(name)
                    if len(answered) >= 400:
                        enough.set()

            clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
            for one in clients:
                one.start()
            assert enough.wait(60)
            process.send_signal(signal.SIGTERM)
            for one in clients:
                one.join(60)
            assert process.wait(30) == 0
            report = process.stdout.read()
            log.seek(0)
            begun, *refused, closed = log.read().splitlines()
            assert ", core: " in begun
            # Nothing but what was sent after the end had begun, and was told so.
            assert all(" 503 stopping:" in line for line in refused)
            assert "closed: accepted " in closed
        finally:
            process.kill()
    stored = [row[ID] for row in rows(tmp_path / "store", "m/1/i")]
    stored += [json.loads(line)["id"] for _, line in records(tmp_path / "store")]
    assert len(stored) == len(set(stored))
    assert set(answered) <= set(stored)
    assert len(answered) >= 400
    assert f"accepted {len(stored)} rows: stored {len(stored)}\n" in report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "token"),
        (["--port", "70000"], "port=70000"),
        (["--token-file", "/nowhere"], "--token-file"),
        ([], "AIOCOLLECT_STORE"),
    ],
)
def test_wrong_options(arguments: list[str], said: str) -> None:
    """The command names option and remedy, and exits with 1."""
    command = [sys.executable, "-m", "aiocollect.cli", "gateway", "--port", "0", *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PATH": ""}
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.asyncio
async def test_a_taken_port(tmp_path: Path) -> None:
    """A port that is taken is named, with the remedy; nothing is left open."""
    async with serving(tmp_path) as door:
        command = [sys.executable, "-m", "aiocollect.cli", "gateway", "--store", str(tmp_path)]
        process = await asyncio.create_subprocess_exec(
            *command,
            *("--port", str(door.gateway.port)),
            env={"PATH": ""},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert b"--port" in said
        assert b"Traceback" not in said
