"""Hostile input against the real server, on both loops: what it refuses by itself is our problem
document and shows nothing of the request; time is linear, and the loop answers others meanwhile.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiocollect import Limits
from aiocollect.gateway.bodies import BodyParts
from aiocollect.gateway.events import batched_events, structured_event
from aiocollect.gateway.options import GatewayOptions
from aiocollect.gateway.problems import Problem
from aiocollect.gateway.rows import csv_rows, json_rows
from aiocollect.gateway.streams import IDLE, GatewayStreams
from aiocollect.gateway.texts import check_json, members
from tests.gateway.serving import LOOPS, Door, on, rows, serving

CANARY = b"canary-7f3a"
HEAD = b"POST /collect/m/1/i HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer canary-7f3a\r\n"
MIB = 2**20

# What aiohttp or its parser refuses before the application sees it.
UNREADABLE: dict[str, bytes] = {
    "no request": b"canary-7f3a\r\n\r\n",
    "a method": b"canary-7f3a / HTTP/1.1\r\n\r\n",
    "a version": b"GET /canary-7f3a HTTP/9.9\r\n\r\n",
    "a long line": b"GET /canary-7f3a" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
    "a long header": HEAD + b"X-Token: canary-7f3a" + b"x" * 9000 + b"\r\n\r\n",
    "many headers": HEAD + b"".join(b"X-%d: canary-7f3a\r\n" % n for n in range(500)) + b"\r\n",
    "a header without a colon": HEAD + b"canary-7f3a\r\n\r\n",
    "a header's name": HEAD + b"canary 7f3a: x\r\n\r\n",
    "a NUL in a header": HEAD + b"X: canary-7f3a\x00\r\n\r\n",
    "a length": HEAD + b"Content-Length: canary-7f3a\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\ncanary-7f3a",
    "length and chunks": HEAD
    + b"Content-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\ncanary-7f3a",
    "a transfer encoding": HEAD + b"Transfer-Encoding: canary-7f3a\r\n\r\n",
    "an expectation": HEAD + b"Expect: canary-7f3a\r\nContent-Length: 0\r\n\r\n",
    "an expectation at no address": b"POST /x HTTP/1.1\r\nHost: h\r\nExpect: canary-7f3a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary-7f3a" + b"\x00" * 32,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ncanary-7f3a",
    "an address": b"GET http://[canary-7f3a HTTP/1.1\r\nHost: h\r\n\r\n",
}


async def answer_to(door: Door, sent: bytes) -> bytes:
    reader, writer = await door.raw(sent)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("loop", LOOPS)
def test_what_cannot_be_read(tmp_path: Path, loop: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each is answered with a problem document that shows nothing of it, is logged and counted;
    and the server goes on."""
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with serving(tmp_path, head_time=2.0) as door:
            for case, sent in UNREADABLE.items():
                head, _, body = (await answer_to(door, sent)).partition(b"\r\n\r\n")
                status = int(head.split()[1])
                assert 400 <= status < 500, case
                assert b"application/problem+json" in head, case
                told = json.loads(body)
                assert (told["status"], told["type"]) == (status, "urn:aiocollect:problem:request")
                assert CANARY not in head + body, case
                assert b"HTTP/1.0" in head or b"\r\nConnection: close" in head, case
            assert (await door.post("/collect/m/1/i", {"a": 1}))[0] == 202
            _, metrics = await door.get("/metrics")
            refused = 'aiocollect_gateway_requests_total{route="none",status="400"}'
            assert int(metrics.split(refused)[1].split()[0]) >= len(UNREADABLE) - 3

    on(loop, scenario)
    assert CANARY.decode() not in caplog.text
    assert "to none not accepted: 400 request" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("loop", LOOPS)
def test_any_bytes(tmp_path: Path, loop: str) -> None:
    """Whatever bytes come: no answer, or one whose body is JSON and shows nothing; never a 500."""
    pieces = st.sampled_from(
        [b"GET ", b"POST ", b"/collect/m/1/i", b"/", b"*", b" HTTP/1.1", b"\r\n", b"\n", b": ",
         b"Host: h", b"Content-Length: 3", b"Content-Length: -1", b"Transfer-Encoding: chunked",
         b"Expect: x", b"Upgrade: websocket", b"Connection: upgrade", b"\r\n\r\n", b"3\r\nabc\r\n",
         b"0\r\n\r\n", b"Content-Type: application/json", b"Content-Encoding: gzip", CANARY,
         b"\x00", b"\xff", b"%00", b"%zz", b"?", b"#", b"http://h:x/"]
    )  # fmt: skip

    async def scenario() -> None:
        async with serving(tmp_path, head_time=0.02, body_time=0.02, idle_time=0.02) as door:
            gateway = asyncio.get_running_loop()

            @given(st.lists(pieces | st.binary(max_size=6), max_size=14).map(b"".join))
            @settings(
                max_examples=150,
                deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture],
            )
            def send(sent: bytes) -> None:
                asked = asyncio.run_coroutine_threadsafe(answer_to(door, sent), gateway)
                answer = asked.result(20)
                for part in re.split(rb"HTTP/1\.[01] (?=\d{3} )", answer)[1:]:
                    head, _, body = part.partition(b"\r\n\r\n")
                    assert not head.startswith(b"5"), (sent, answer)
                    if not head.startswith(b"1"):
                        told = json.loads(body) if body else {}
                        assert told.get("title") != "Internal Server Error"
                        assert CANARY not in body or CANARY in sent.split(b" ")[1]

            await asyncio.to_thread(send)
            assert (await door.get("/healthz"))[0] == 200

    on(loop, scenario)


@pytest.mark.parametrize("loop", LOOPS)
def test_one_connection_too_many(tmp_path: Path, loop: str) -> None:
    """It hears 503 with Retry-After, also while it is sending; hundreds of them cost nothing that
    stays, and when one goes there is room again."""

    async def scenario() -> None:
        async with serving(tmp_path, max_connections=3) as door:
            kept = [await door.raw(b"") for _ in range(3)]
            while len(door.gateway._guard.connections) < 3:  # type: ignore[union-attr]
                await asyncio.sleep(0)
            for sent in (b"", b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", HEAD + b"x" * 100_000):
                for _ in range(40):
                    reader, writer = await door.raw(sent)
                    async with asyncio.timeout(10):  # it is closed within a second
                        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 503 ")
                    assert b"\r\nRetry-After: 1" in head
                    assert json.loads(body)["status"] == 503
                    writer.close()
            for _, writer in kept:
                writer.close()
            guard = door.gateway._guard
            assert guard is not None
            while guard.connections or guard.parting:
                await asyncio.sleep(0.01)
            assert (await door.get("/healthz"))[0] == 200
            _, metrics = await door.get("/metrics")
            assert "aiocollect_gateway_turned_away_total 120\n" in metrics

    on(loop, scenario)


# Time ---------------------------------------------------------------------------------------------


def balanced(depth: int, size: int) -> bytes:
    chain = b"[" * depth + b"]" * depth
    return b"[" + b",".join([chain] * (size // (len(chain) + 1))) + b"]"


# Each of about a megabyte: what made, or would make, something quadratic of it.
SLOW: dict[str, bytes] = {
    "open brackets": b"[" * MIB,
    "nested": b"[" * (MIB // 2) + b"]" * (MIB // 2),
    "nested between": b"[[],"[:3] * (MIB // 3),
    "nested among pairs": b"[[],[" * (MIB // 10) + b"]]" * (MIB // 10),
    "objects": b'{"a":' * (MIB // 5),
    "as deep as it may": balanced(33, MIB),
    "open quote, escapes": b'"' + b'\\"' * (MIB // 2),
    # A quadratic look at it takes a quarter of a minute; at a megabyte, half an hour.
    "brackets, open quote, escapes": b"[" + b"[]," * 40 + b'"' + b'\\"' * 2**16,
    "open quotes": b'["' * (MIB // 2),
    "backslashes": b'"' + b"\\" * MIB,
    "digits": b'{"a":' + b"9" * MIB + b"}",
    "digits of a fraction": b'{"a":0.' + b"3" * MIB + b"}",
    "an exponent": b'{"a":1e' + b"9" * MIB + b"}",
    "numbers of 4,300 digits": b"[[" + b",".join([b"9" * 4300] * (MIB // 4301)) + b"]]",
    "a time": b'{"rows":[[1]],"at":"' + b"1" * MIB + b'"}',
    "names": b'{"rows":[{' + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}]}",
    "a name again": b"{" + b",".join([b'"a":1'] * (MIB // 6)) + b"}",
    "spaces": b"[" + b" " * MIB + b"]",
    "commas": b"[" + b"," * MIB + b"]",
    "minus": b"[" + b"-" * MIB + b"]",
    "words": b"[" + b"NaN," * (MIB // 4) + b"NaN]",
    "surrogates": b'["' + b"\\ud83d" * (MIB // 6) + b'"]',
}
CSVS: dict[str, bytes] = {
    "quotes": b'"' * MIB,
    "open quote": b'a,"' + b"b" * MIB,
    "doubled quotes": b'"' + b'""' * (MIB // 2),
    "commas": b"," * MIB,
    "names": b",".join(b"n%d" % n for n in range(100_000)) + b"\n1\n",
    "lines": b"a\n" * (MIB // 2),
    "empty lines": b"a\n" + b"\n" * MIB,
    "returns": b"a\r" * (MIB // 2),
    "digits": b"1" * MIB + b"\n1\n",
    "digits and points": b"1." * (MIB // 2) + b"x\n1\n",
    "semicolons": b";" * MIB,
    "quoted names": b'"1",' * (MIB // 4),
}


# CPU seconds for one of them on a slow machine under load, a hundred times what it takes on a quiet
# one; the ways that were quadratic took from 19 seconds to hours.
PATIENCE = 5.0


def spent(work: Callable[[], Any]) -> float:
    """CPU seconds of this thread: others on this machine count for nothing in them."""
    began = time.thread_time()
    with suppress(Problem):
        work()
    return time.thread_time() - began


@pytest.mark.parametrize("case", SLOW)
def test_json_is_read_once(case: str) -> None:
    """Whatever the form of a megabyte of JSON, as rows, as a payload, or as an event."""
    options = GatewayOptions(max_body_bytes=4 * MIB)
    body = SLOW[case]
    looks: list[Callable[[], Any]] = [
        lambda: json_rows(body, {}, options),
        lambda: list(members(check_json(body, depth=36, field="body"))),
        lambda: structured_event(body, options),
        lambda: batched_events(body, options),
    ]
    for look in looks:
        assert spent(look) < PATIENCE, "it hangs"


@pytest.mark.parametrize("case", CSVS)
def test_csv_is_read_once(case: str) -> None:
    """Whatever the form of a megabyte of CSV; its first line too, however many columns it has."""
    body = CSVS[case]
    for options in (GatewayOptions(), GatewayOptions(max_columns=2 * MIB)):
        assert spent(lambda: csv_rows(body, {}, options)) < PATIENCE  # noqa: B023 - it runs at once


def test_gzip_in_many_members() -> None:
    """Members by the ten thousand, each of nothing, end early; those of a block writer do not."""
    body = gzip.compress(b"") * 50_000
    pieces = BodyParts(4 * MIB, gzip=True)
    with pytest.raises(EOFError):
        pieces.feed(body)
    fits = BodyParts(4 * MIB, gzip=True)
    assert fits.feed(gzip.compress(b"x" * 2**12) * 500)
    assert len(fits.whole()) == 500 * 2**12


@pytest.mark.parametrize("loop", LOOPS)
def test_others_are_answered_meanwhile(tmp_path: Path, loop: str) -> None:
    """A megabyte of brackets is refused, and what comes after it is answered."""

    async def scenario() -> None:
        async with serving(tmp_path, max_body_bytes=MIB) as door:
            for address, kind in (
                ("/collect/m/1/i", "application/json"),
                ("/events", "application/cloudevents+json"),
                ("/events", "application/cloudevents-batch+json"),
            ):
                for body in (SLOW["open brackets"][:MIB], SLOW["nested"], SLOW["open quotes"]):
                    status, told, _ = await door.post(address, body, kind=kind)
                    assert status in (400, 422)
                    assert told["type"].endswith((":json", ":depth"))
                    assert (await door.get("/healthz"))[0] == 200

    on(loop, scenario)


# Shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
def test_columns_made_of_data(tmp_path: Path, loop: str) -> None:
    """A thousand and more shapes of rows on one path are refused beyond the pipeline's limit, and
    shut out nobody else: not another model, not an event, not a shape that is there."""

    async def scenario() -> None:
        async with serving(tmp_path, max_streams=20) as door:
            told = [(await door.post("/collect/m/1/i", {f"c{n}": n}))[0] for n in range(200)]
            assert told == [202] * Limits().max_headers + [422] * (200 - Limits().max_headers)
            assert (await door.post("/collect/other/1/i", {"a": 1}))[0] == 202
            assert (await door.post("/collect/m/1/i", {"c0": -1}))[0] == 202
            event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
            kind = "application/cloudevents+json"
            assert (await door.post("/", event, kind=kind))[0] == 200
            # Rows that are refused make no stream either, whatever for.
            for n in range(50):
                body = {"rows": [[1]], "at": -1}
                assert (await door.post(f"/collect/m{n}/1/i", body))[0] == 422
            assert (await door.post("/collect/third/1/i", {"a": 1}))[0] == 202

    on(loop, scenario)
    assert len(rows(tmp_path, "m/1/i")) == Limits().max_headers + 1


@pytest.mark.asyncio
async def test_a_stream_that_is_not_used_gives_its_place(tmp_path: Path) -> None:
    """After a day without a record; before it, one too many is refused, and the others go on."""
    async with serving(tmp_path, max_streams=2) as door:
        now = 0.0
        streams = GatewayStreams(
            door.gateway.pipeline, GatewayOptions(max_streams=2), clock=lambda: now
        )
        door.gateway._streams = streams

        async def post(model: str) -> int:
            return (await door.post(f"/collect/{model}/1/i", {"a": 1}))[0]

        assert [await post(model) for model in ("a", "b", "c")] == [202, 202, 422]
        now = IDLE - 1
        assert await post("a") == 202
        now = IDLE + 1
        assert [await post(model) for model in ("c", "b", "a", "c")] == [202, 422, 202, 202]
