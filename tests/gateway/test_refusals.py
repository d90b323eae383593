"""What is wrong is refused with a problem that names the field, and nothing of it is shown."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.serving import serving
from tests.gateway.test_forms import KSERVE, event

# Stands in every body, and may come back from nowhere.
CELL = "canary-7f3a"
ROWS = "/collect/m/1/i"
CSV = {"kind": "text/csv"}
EVENT = {"kind": "application/cloudevents+json"}
BATCH = {"kind": "application/cloudevents-batch+json"}
AZURE = {"ce_type": "azureml.inference.inputs"}


def nested(depth: int) -> bytes:
    return b"[" * depth + b'"%s"' % CELL.encode() + b"]" * depth


CASES: dict[str, tuple[str, Any, dict[str, str], int, str]] = {
    # address, body, headers; status, field
    "no json": (ROWS, b'{"a": canary-7f3a}', {}, 400, "body"),
    "a word": (ROWS, b'{"a": Nope, "b": "canary-7f3a"}', {}, 400, "body"),
    "a raw line end": (ROWS, b'{"a": "canary-7f3a\n"}', {}, 400, "body"),
    "twice": (ROWS, b'{"canary-7f3a": 1, "canary-7f3a": 2}', {}, 422, "body"),
    "twice in a cell": (ROWS, b'[{"a": {"b": "canary-7f3a", "b": [{}]}}]', {}, 422, "body"),
    "twice by escapes": (ROWS, b'{"a": 1, "\\u0061": "canary-7f3a"}', {}, 422, "body"),
    "rows twice": (ROWS, b'{"rows": [["canary-7f3a"]], "rows": [[2]]}', {}, 422, "body"),
    "data twice": ("/", b'{"specversion": "1.0", "data": "canary-7f3a", "data": 1}', EVENT, 422,
        "data"),
    "no utf-8": (ROWS, b'{"a": "\xff canary-7f3a"}', {}, 400, "body"),
    "a text": (ROWS, CELL, {}, 422, "body"),
    "null": (ROWS, None, {}, 422, "body"),
    "no rows": (ROWS, [], {}, 422, "body"),
    "no columns": (ROWS, [{}], {}, 422, "body"),
    "no cells": (ROWS, {"rows": [[]]}, {}, 422, "rows[0]"),
    "a row of one cell": (ROWS, [CELL, CELL], {}, 422, "[0]"),
    "two kinds of rows": (ROWS, {"rows": [{"a": CELL}, [CELL]]}, {}, 422, "rows[1]"),
    "a ragged row": (ROWS, [[1, CELL], [1]], {}, 422, "[1]"),
    "rows no array": (ROWS, {"rows": {"a": CELL}}, {}, 422, "rows"),
    "beside rows": (ROWS, {"rows": [[1]], "x": CELL}, {}, 422, "x"),
    "at": (ROWS, {"rows": [[CELL]], "at": "yesterday"}, {}, 422, "at"),
    "at a flag": (ROWS, {"rows": [[CELL]], "at": True}, {}, 422, "at"),
    "at without zone": (ROWS, {"rows": [[CELL]], "at": "2026-01-31T23:59:58"}, {}, 422, "at"),
    "at of no date": (ROWS, {"rows": [[CELL]], "at": -1}, {}, 422, "rows"),
    "id a number": (ROWS, {"rows": [[CELL]], "correlation_id": 5}, {}, 422, "correlation_id"),
    "id too long": (ROWS, {"rows": [[CELL]], "correlation_id": "x" * 257}, {}, 422,
        "correlation_id"),
    "id of two lines": (ROWS, {"rows": [[CELL]], "correlation_id": "a\nb"}, {}, 422,
        "correlation_id"),
    "id twice": (f"{ROWS}?correlation_id=a", {"rows": [[1]], "correlation_id": CELL}, {}, 422,
        "correlation_id"),
    "a parameter": (f"{ROWS}?color=blue", {"a": CELL}, {}, 400, "query"),
    "a parameter twice": (f"{ROWS}?at=1&at=2", {"a": CELL}, {}, 400, "query"),
    "a reserved column": (ROWS, {"$aml_x": CELL}, {}, 422, "body"),
    "an empty name": (ROWS, {"": CELL}, {}, 422, "body"),
    "a cell for a name": (ROWS, {"a\n": CELL}, {}, 422, "body"),
    "too deep": (ROWS, {"a": json.loads(nested(40))}, {}, 422, "body"),
    "far too deep": (ROWS, nested(50_000), {}, 422, "body"),
    "a nan for a time": (ROWS, b'{"rows": [["canary-7f3a"]], "at": NaN}', {}, 422, "rows"),
    "a time beyond doubles": (ROWS, b'{"rows": [["canary-7f3a"]], "at": 1e999}', {}, 422, "at"),
    "a time of many digits": (ROWS, b'{"rows": [["canary-7f3a"]], "at": "' + b"1" * 99999 + b'"}',
        {}, 422, "at"),
    "brackets without end": (ROWS, b"[" * 2**16, {}, 422, "body"),
    "too many rows": (ROWS, [[CELL]] * 101, {}, 413, "body"),
    "too many columns": (ROWS, [[CELL] * 51], {}, 413, "[0]"),
    "too large": (ROWS, {"a": CELL * 20_000}, {}, 413, "body"),
    "one model": ("/collect/m%0A/1/i", {"a": CELL}, {}, 422, "model"),
    "a long name": (f"/collect/m/{'v' * 129}/i", {"a": CELL}, {}, 422, "version"),
    "csv without rows": (ROWS, b"canary-7f3a,b\r\n", CSV, 422, "body"),
    "csv of nothing": (ROWS, b"", CSV, 422, "line 1"),
    "csv, ragged": (ROWS, b"a,b\r\n1,2\r\ncanary-7f3a\r\n", CSV, 422, "line 3"),
    "csv, doubled name": (ROWS, b"canary-7f3a,canary-7f3a\r\n1,2\r\n", CSV, 422, "line 1"),
    "csv, semicolons": (ROWS, b"a;canary-7f3a\r\n1;2\r\n", CSV, 422, "line 1"),
    "csv, tabs": (ROWS, b"a\tcanary-7f3a\r\n1\t2\r\n", CSV, 422, "line 1"),
    "csv, bars": (ROWS, b"a|canary-7f3a\n1|2\n", CSV, 422, "line 1"),
    "csv, semicolons and decimal commas": (ROWS, b"canary-7f3a;b,c\n1,5;2,5\n", CSV, 422, "line 1"),
    "csv, Excel's first line": (ROWS, b"sep=;\na;canary-7f3a\n", CSV, 422, "line 1"),
    "csv, no names": (ROWS, b"41,canary-7f3a\n90,x\n", CSV, 422, "line 1"),
    "csv, no names, a date": (ROWS, b"canary-7f3a,2026-01-31\n90,x\n", CSV, 422, "line 1"),
    "csv, no names, a gap": (ROWS, b"canary-7f3a,,x\n90,x,y\n", CSV, 422, "line 1"),
    "csv, no names, missing": (ROWS, b"canary-7f3a,NaN\n90,x\n", CSV, 422, "line 1"),
    "csv, no names, a flag": (ROWS, b"canary-7f3a,true\n90,false\n", CSV, 422, "line 1"),
    "csv, no names, an id": (ROWS, b"canary-7f3a,0193c7d8-1111-8000-8000-000000000000\n1,x\n", CSV,
        422, "line 1"),
    "csv, quotes": (ROWS, b'a,b\r\n"canary-7f3a"x,2\r\n', CSV, 400, "line 2"),
    "csv, no utf-8": (ROWS, b"a\r\n\xffcanary-7f3a\r\n", CSV, 400, "body"),
    "latin-1": (ROWS, b"a\r\n1\r\n", {"kind": "text/csv; charset=latin-1"}, 415, "Content-Type"),
    "no type": (ROWS, {"a": CELL}, {"kind": "text/plain"}, 415, "Content-Type"),
    "brotli": (ROWS, b"x", {"Content_Encoding": "br"}, 415, "Content-Encoding"),
    "no gzip": (ROWS, b"canary-7f3a", {"Content_Encoding": "gzip"}, 400, "body"),
    "gzip cut off": (ROWS, gzip.compress(b'{"a":1}')[:-4], {"Content_Encoding": "gzip"}, 400,
        "body"),
    "azure, no type": ("/modeldata/log", [{"a": CELL}], {}, 422, "ce-type"),
    "azure, other type": ("/modeldata/log", [{"a": CELL}], {"ce_type": "x.y"}, 422, "ce-type"),
    "azure, time": ("/modeldata/log", [{"a": CELL}], AZURE | {"ce_time": "noon"}, 422, "ce-time"),
    "azure, no json": ("/modeldata/log", b"[canary-7f3a", AZURE, 400, "body"),
    "azure, compact": ("/modeldata/log", b"x", AZURE | {"kind": "application/octet-stream"}, 415,
        "Content-Type"),
    "azure, id": ("/modeldata/log", [{"a": CELL}], AZURE | {"ce_x_request_id": "i" * 257}, 422,
        "ce-x-request-id"),
    "no event": ("/", {"a": CELL}, {}, 415, "ce-specversion"),
    "a version": ("/", CELL, KSERVE | {"ce_specversion": "2.0"}, 422, "ce-specversion"),
    "no id": ("/", CELL, KSERVE | {"ce_id": ""}, 422, "ce-id"),
    "no json of an event": ("/", b"{canary-7f3a", KSERVE, 400, "body"),
    "a namespace": ("/", CELL, KSERVE | {"ce_namespace": "n" * 129}, 422, "ce-namespace"),
    "line ends": ("/", CELL, KSERVE | {"ce_foo": "a%0Ab"}, 422, "ce-foo"),
    "no text": ("/", CELL, KSERVE | {"ce_foo": "%FF"}, 422, "ce-foo"),
    "no object": ("/", [event(1)], EVENT, 422, "body"),
    "no source": ("/", event(1, source=None), EVENT, 422, "source"),
    "an object for a text": ("/", event(1, subject={"a": CELL}), EVENT, 422, "subject"),
    "no base64": ("/", event(1, data_base64="canary-7f3a!"), EVENT, 422, "data_base64"),
    "no array": ("/", event(1, data=CELL), BATCH, 422, "body"),
    "the third": ("/", [event(1), event(2), event(3, id=7, time="x")], BATCH, 422, "[2].time"),
    "one no object": ("/", [event(1), CELL], BATCH, 422, "[1]"),
    "unknown": ("/nowhere", {"a": CELL}, {}, 404, ""),
}  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES)
async def test_bad_input(tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    """4xx, as a problem document that names the field; no cell in answer or log; nothing stored;
    and the connection takes a good request after it."""
    address, body, headers, status, field = CASES[case]
    caplog.set_level(logging.DEBUG)
    async with serving(tmp_path, max_rows=100, max_columns=50, max_body_bytes=2**17) as door:
        caplog.clear()  # what asyncio says of its loop
        got, told, answer = await door.post(address, body, **headers)
        assert (got, answer["Content-Type"]) == (status, "application/problem+json")
        assert (told["status"], told.get("field", "")) == (status, field)
        assert told.keys() <= {"type", "title", "status", "detail", "instance", "field"}
        assert all(told[name] for name in ("type", "title", "detail", "instance"))
        assert CELL not in json.dumps(told)
        assert CELL not in caplog.text
        [line] = [record for record in caplog.records if record.name == "aiocollect.gateway"]
        assert f"not accepted: {status} " in line.getMessage()
        stats = door.gateway.pipeline.stats()
        assert (stats.accepted, stats.stored) == (0, 0)
        assert (await door.post(ROWS, {"good": 1}))[0] == 202
    assert door.report is not None
    assert (door.report.accepted, door.report.stored) == (1, 1)


@pytest.mark.asyncio
async def test_methods(tmp_path: Path) -> None:
    """Another method is refused with those that there are."""
    async with serving(tmp_path) as door, door.client.get(ROWS) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.content_type == "application/problem+json"


@pytest.mark.asyncio
async def test_not_http(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is no HTTP is answered with 400, and its bytes are in no log."""
    async with serving(tmp_path) as door:
        reader, writer = await door.raw(f"POST / HTTP/1.1\r\nA{CELL}\x00: x\r\n\r\n".encode())
        assert b" 400 " in (await reader.read()).split(b"\r\n")[0]
        writer.close()
    assert CELL not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.asyncio
async def test_streams_are_bounded(tmp_path: Path) -> None:
    """Names made of data do not make streams for ever; those that are there go on."""
    async with serving(tmp_path, max_streams=2) as door:
        told = [(await door.post(f"/collect/m/{n}/i", {"a": 1}))[0] for n in (1, 2, 3, 1)]
        assert told == [202, 202, 422, 202]
        status, problem, _ = await door.post("/", b"1", **KSERVE)
        assert (status, problem["field"]) == (422, "path")


@pytest.mark.asyncio
async def test_headers_are_bounded(tmp_path: Path) -> None:
    """Columns made of data end at the pipeline's max_headers, which the sender is told."""
    async with serving(tmp_path) as door:
        told = [(await door.post(ROWS, {f"c{n}": 1}))[0] for n in range(10)]
    assert told == [202] * 8 + [422] * 2
