"""Limits: of bytes, time and connections; each is cut before it costs."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from aiocollect.gateway.bodies import BodyParts
from tests.gateway.serving import records, serving
from tests.gateway.test_forms import KSERVE

POST = b"POST /collect/m/1/i HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


def bomb() -> bytes:
    """A gigabyte of zeros as a megabyte."""
    squeeze = zlib.compressobj(9, wbits=31)
    piece = bytes(2**20)
    return b"".join([squeeze.compress(piece) for _ in range(1024)]) + squeeze.flush()


@pytest.mark.asyncio
async def test_a_bomb_is_cut(tmp_path: Path) -> None:
    """A gigabyte in gzip is refused, and never was in memory: of what one piece decompresses to
    there is the limit and no more."""
    body = bomb()
    assert len(body) < 2**20 + 2**15
    async with serving(tmp_path) as door:
        tracemalloc.start()
        try:
            status, told, _ = await door.post("/", body, Content_Encoding="gzip",
                ce_specversion="1.0")  # fmt: skip
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (status, told["field"]) == (413, "body")
    assert peak < 32 * 2**20


def test_each_member_counts() -> None:
    """The limit holds for all members together; empty ones end too; exactly the limit passes."""
    member = gzip.compress(b"x" * 100)
    fits = BodyParts(200, gzip=True)
    assert fits.feed(member * 2)
    assert fits.whole() == b"x" * 200
    assert not BodyParts(199, gzip=True).feed(member * 2)
    assert not BodyParts(200, gzip=True).feed(gzip.compress(b"") * 1000)
    assert BodyParts(100, gzip=False).feed(b"x" * 100)
    assert not BodyParts(99, gzip=False).feed(b"x" * 100)


@pytest.mark.asyncio
async def test_a_long_body_is_refused_at_its_head(tmp_path: Path) -> None:
    """What says that it is too large is refused before it is sent."""
    async with serving(tmp_path) as door:
        reader, writer = await door.raw(POST + b"Content-Length: 999999999\r\n\r\n")
        assert b" 413 " in await reader.readline()
        writer.close()


async def drip(door_raw: tuple[asyncio.StreamReader, asyncio.StreamWriter], piece: bytes) -> bytes:
    """Goes on sending pieces until the connection ends; the answer."""
    reader, writer = door_raw
    answer = b""

    async def read() -> None:
        nonlocal answer
        # What is still being sent to a closed connection is answered with a reset.
        with suppress(ConnectionResetError):
            while data := await reader.read(4096):
                answer += data

    reading = asyncio.ensure_future(read())
    while not reading.done():
        writer.write(piece)
        await asyncio.wait([reading], timeout=0.02)
    await reading
    writer.close()
    return answer


@pytest.mark.asyncio
@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b""])
async def test_slow_head(tmp_path: Path, piece: bytes) -> None:
    """A head that does not end is answered with 408 and cut off, however steadily it drips."""
    async with serving(tmp_path, head_time=0.3) as door:
        answer = await drip(await door.raw(POST), piece)
        assert answer.startswith(b"HTTP/1.1 408 ") or b" 400 " in answer[:20]
        if not piece:
            assert b'"field":"headers"' in answer
        assert (await door.get("/healthz"))[0] == 200


@pytest.mark.asyncio
async def test_silence(tmp_path: Path) -> None:
    """A connection that says nothing is closed; so is one that idles after a request."""
    async with serving(tmp_path, head_time=0.3, idle_time=0.3) as door:
        reader, writer = await door.raw(b"")
        assert await reader.read() == b""
        writer.close()
        reader, writer = await door.raw(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await reader.read()).count(b"HTTP/1.1 ") == 1
        writer.close()


@pytest.mark.asyncio
async def test_slow_body(tmp_path: Path) -> None:
    """So is a body; nothing of it stays charged."""
    async with serving(tmp_path, body_time=0.3) as door:
        answer = await drip(await door.raw(POST + b"Content-Length: 100000\r\n\r\n"), b"[")
        assert b" 408 " in answer[:20]
        assert b'"field":"body"' in answer
        _, metrics = await door.get("/metrics")
        assert "aiocollect_gateway_reading_bytes 0\n" in metrics
    assert door.report is not None
    assert door.report.accepted == 0


@pytest.mark.asyncio
async def test_bodies_have_one_budget(tmp_path: Path) -> None:
    """Many bodies under way take no more than the budget; the next one is told to come again."""
    async with serving(tmp_path, max_reading_bytes=1000) as door:
        _, writer = await door.raw(POST + b"Content-Length: 901\r\n\r\n" + b" " * 900)
        while "reading_bytes 900\n" not in (await door.get("/metrics"))[1]:
            pass
        status, _, headers = await door.post("/collect/m/1/i", b'{"a":"%s"}' % (b"x" * 200))
        assert (status, headers["Retry-After"]) == (429, "1")
        writer.close()
        while "reading_bytes 0\n" not in (await door.get("/metrics"))[1]:
            pass
        assert (await door.post("/collect/m/1/i", b'{"a":"%s"}' % (b"x" * 200)))[0] == 202


@pytest.mark.asyncio
async def test_connections_are_bounded(tmp_path: Path) -> None:
    """One connection too many is told so; when another goes, there is room again."""
    async with serving(tmp_path, max_connections=2) as door:
        first = await door.raw(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b" 200 " in await first[0].readline()
        second = await door.raw(b"")
        third = await door.raw(b"")
        told = await third[0].read()
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After" in told
        for _, writer in (first, second, third):
            writer.close()
        await first[0].read()
        status = 503
        while status == 503:  # until the server has noticed
            try:
                status, _ = await door.get("/healthz")
            except OSError:
                continue
        assert status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("sign", ["x", "\u20ac", '\\"'])
async def test_the_largest_is_stored(tmp_path: Path, sign: str) -> None:
    """A body of exactly the limit, as an event, a row, and rows of numbers, is accepted and stored,
    whatever its text; one byte more is refused."""
    most = 2**20
    cell = sign * ((most - 10) // len(sign.encode()))
    event = f'"{cell}"'.encode().ljust(most)
    row = f'{{"a":"{cell}"}}'[:most].encode().ljust(most)
    kind = {"Content_Encoding": "identity"}
    async with serving(tmp_path) as door:
        assert (await door.post("/collect/m/1/i", row))[0] == 202
        numbers = b'[{"a":0}' + b',{"a":1.5}' * 9999 + b"]"
        assert (await door.post("/collect/m/1/n", numbers))[0] == 202
        assert (await door.post("/", event, **kind, **KSERVE))[0] == 200
        assert (await door.post("/", event + b" ", **kind, **KSERVE))[0] == 413
        report = await door.gateway.pipeline.flush(30)
    assert (report.accepted, report.stored) == (10_002, 10_002)
    [(_, line)] = records(tmp_path)
    assert json.loads(line)["data"] == json.loads(event)
