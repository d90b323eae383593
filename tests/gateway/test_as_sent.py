"""What senders write beside RFC 8259's JSON is stored as it was sent, on both loops; and whatever
is refused is in the log.

Senders: Python's json, TensorFlow Serving and Triton write NaN and Infinity, JavaScript halves of
surrogate pairs, PowerShell and .NET a byte order mark, Java and Go integers and exponents of any
size.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiocollect.gateway.problems import Problem
from aiocollect.gateway.refusals import RefusalLog
from aiocollect.gateway.texts import check_json, parse
from tests.gateway.serving import LOOPS, on, records, rows, serving
from tests.gateway.test_forms import KSERVE

ROWS = "/collect/m/1/i"
BIG = "9" * 5000
MARK = b"\xef\xbb\xbf"
# Texts of JSON, each kept whole within a record; and the cell that a row gets of it.
KEPT: dict[str, tuple[str, str]] = {
    "nan": ("NaN", "NaN"),
    "infinity": ("Infinity", "inf"),
    "minus infinity": ("-Infinity", "-inf"),
    "beyond doubles": ("1e999", "1E+999"),
    "beyond doubles, negative": ("-1.5E+400", "-1.5E+400"),
    "nearly nothing": ("1e-999", "1E-999"),
    "nearly nothing, in full": (f"0.{'0' * 400}1", "1E-401"),
    "an exponent of many digits": ("1e99999999999999999999", "1e99999999999999999999"),
    "nothing": ("0e-999", "0.0"),
    "half of a pair": (r'"\ud83d"', "\ufffd"),
    "the other half": (r'"\ude00"', "\ufffd"),
    "halves the wrong way round": (r'"\ude00\ud83d"', "\ufffd\ufffd"),
    "a pair": (r'"\ud83d\ude00"', "\U0001f600"),
    "big": ("18446744073709551617", "18446744073709551617"),
    "5,000 digits": (BIG, BIG),
    "5,000 digits, negative": (f"-{BIG}", f"-{BIG}"),
    "five thousand digits of a fraction": (f"0.{'3' * 5000}", "0.3333333333333333"),
    "an escaped NUL": (r'"\u0000"', "\0"),
}


def plain(text: str) -> Any:
    """As Python's json reads it, integers as their digits."""
    return json.loads(text, parse_int=str)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("marked", [False, True], ids=["plain", "marked"])
def test_events(tmp_path: Path, loop: str, marked: bool) -> None:
    """In each form of an event the payload stands in its record, to the letter."""
    mark = MARK if marked else b""

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            for number, (said, _) in enumerate(KEPT.values()):
                data = f'{{"x": [{said}], "x": {said} }}'.encode()
                event = f'"specversion":"1.0","id":"{number}","source":"s","type":"t"'.encode()
                packed = base64.b64encode(mark + data)
                posts: list[tuple[bytes, str, dict[str, str]]] = [
                    (mark + data, "application/json", {}),
                    (mark + data, "application/x-www-form-urlencoded", {}),
                    (gzip.compress(mark + data), "application/json", {"Content_Encoding": "gzip"}),
                    (b"%s{%s,\"data\":%s}" % (mark, event, data), "structured", {}),
                    (b"%s[{%s,\"data\":%s}]" % (mark, event, data), "batch", {}),
                    (b"%s{%s,\"data_base64\":\"%s\"}" % (mark, event, packed), "structured", {}),
                ]  # fmt: skip
                for body, kind, more in posts:
                    kind_ = {
                        "structured": "application/cloudevents+json",
                        "batch": "application/cloudevents-batch+json",
                    }.get(kind, kind)
                    headers = {**(KSERVE if kind == kind_ else {}), **more}
                    assert (await door.post("/", body, kind=kind_, **headers))[0] == 200, said[:40]
                azure = {"ce_type": "azureml.inference.inputs"}
                assert (await door.post("/modeldata/log", mark + data, **azure))[0] == 200
            assert (await door.gateway.pipeline.flush(30)).complete
        assert door.report is not None
        assert door.report.stored == 7 * len(KEPT)

    on(loop, scenario)
    lines = [line for _, line in records(tmp_path)]
    for said, _ in KEPT.values():
        # Digit by digit: the record holds what was sent.
        assert sum(f'"data":{{"x": [{said}], "x": {said} }}' in line for line in lines) == 7
    assert all(isinstance(plain(line), dict) for line in lines)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("marked", [False, True], ids=["plain", "marked"])
def test_rows(tmp_path: Path, loop: str, marked: bool) -> None:
    """In each form of rows the cell is what was sent, by the rules of docs/reference/values.md."""
    mark = MARK if marked else b""
    forms = ['{{"a": {0}}}', '[{{"a": {0}}}]', '{{"rows": [{{"a": {0}}}]}}', '{{"rows": [[{0}]]}}']

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            for said, _ in KEPT.values():
                for number, form in enumerate(forms):
                    body = mark + form.format(said).encode()
                    status, told, _ = await door.post(f"/collect/m/1/i{number}", body)
                    assert status == 202, (said[:40], told)
            assert (await door.gateway.pipeline.flush(30)).complete

    on(loop, scenario)
    for number in range(len(forms)):
        cells = [row["a" if number < 3 else "f0"] for row in rows(tmp_path, f"m/1/i{number}")]
        assert cells == [cell for _, cell in KEPT.values()]


@pytest.mark.parametrize("loop", LOOPS)
def test_csv(tmp_path: Path, loop: str) -> None:
    """Cells of CSV are text, whatever they look like; a byte order mark is none of the names."""

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            for body in (b"a,b\r\nNaN,1e999\r\n", MARK + f"a,b\nNaN,{BIG}\n".encode()):
                assert (await door.post(ROWS, body, kind="text/csv"))[0] == 202

    on(loop, scenario)
    assert [(row["a"], row["b"]) for row in rows(tmp_path, "m/1/i")] == [
        ("NaN", "1e999"),
        ("NaN", BIG),
    ]


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        (b'"a;b"\n1\n', ["a;b"]),
        (b'"41","gold"\n90,x\n', ["41", "gold"]),
        (b'a,"",c\n'.replace(b'""', b'"2026-01-31"') + b"1,2,3\n", ["a", "2026-01-31", "c"]),
        (b"a|b,c\n1,2\n", ["a|b", "c"]),
        (b"f0,x1,1st floor\n1,2,3\n", ["f0", "x1", "1st floor"]),
        (b'"a ""b"" ;",c\r\n1,2\r\n', ['a "b" ;', "c"]),
    ],
)
def test_names_that_are_meant(tmp_path: Path, body: bytes, columns: list[str]) -> None:
    """What stands in quotes is a name, whatever it looks like."""

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            status, told, _ = await door.post(ROWS, body, kind="text/csv")
            assert status == 202, told

    on("asyncio", scenario)
    assert [name for name in rows(tmp_path, "m/1/i")[0] if not name.startswith("$")] == columns


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a;b;c\n1;2;3\n", ("commas the first line has 1 column", "semicolons it would have 3")),
        (b"a\tb\n1\t2\n", ("commas the first line has 1 column", "tabs it would have 2")),
        (b"a;b,c\n1,5;2\n", ("commas the first line has 2 columns", "semicolons it would have 3")),
        (b"1.5,x\n2.5,y\n", ("may be a row instead of names", "2 columns", "column 1 looks")),
    ],
)
def test_both_readings_are_named(tmp_path: Path, body: bytes, words: tuple[str, ...]) -> None:
    """The sender learns how the line was read, how else it could be, and what to do."""

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            status, told, _ = await door.post(ROWS, body, kind="text/csv")
            assert status == 422
            for word in (*words, "double quotes"):
                assert word in told["detail"]

    on("asyncio", scenario)


# The parsers by themselves ------------------------------------------------------------------------

_numbers = st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "-0", "1e-999", "0.10", BIG])
_texts = st.text(st.sampled_from('ab"\\\ud83d\ude00 \u00e9'), max_size=5).map(json.dumps)
_names = st.text("abc\ud83d", max_size=2).map(json.dumps)
_raw = st.recursive(
    _numbers | _texts | st.integers().map(str) | st.floats().map(json.dumps) | st.just("null"),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda some: f"[{','.join(some)}]")
        | st.lists(st.tuples(_names, inner), max_size=3).map(
            lambda some: "{" + " , ".join(f"{name} : {one}" for name, one in some) + "}"
        )
    ),
    max_leaves=10,
)


@given(_raw, st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_raw_json_is_kept(said: str, marked: bool) -> None:
    """Whatever Python's own reader takes is kept to the letter."""
    body = (MARK if marked else b"") + said.encode()
    assert check_json(body, depth=32, field="x") == said
    json.loads(said, parse_int=str)


@given(_raw)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_values_are_kept(said: str) -> None:
    """The value is Python's, but for numbers that a double would lose: these keep their digits;
    an object with a name twice is refused."""
    try:
        found = parse(said.encode(), depth=32)
    except Problem as problem:
        assert problem.kind == "json"  # noqa: PT017 - the other outcome is a value
        assert has_twice(said)
        return
    assert not has_twice(said)
    wanted = json.loads(said, parse_int=Decimal, parse_float=Decimal, parse_constant=float)
    assert same(found, wanted)


def has_twice(said: str) -> bool:
    found = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        found.append(len(dict(pairs)) < len(pairs))

    json.loads(said, object_pairs_hook=note, parse_int=str)
    return any(found)


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, Decimal):
        if isinstance(found, float):
            return found == float(wanted) and (not wanted or 0 < abs(found) < math.inf)
        return Decimal(found) == wanted
    if isinstance(wanted, float):
        return isinstance(found, float) and (found == wanted or found != found)
    return bool(found == wanted)


# The log ------------------------------------------------------------------------------------------


def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """The first of a kind at once, then one line a minute with their number, the rest at the end;
    kinds apart."""
    now = 0.0
    refusals = RefusalLog(lambda: now)
    for second in range(130):
        now = float(second)
        refusals.note("/events", Problem(400, "json", "this is not valid JSON"))
    refusals.note("/events", Problem(413, "too-large", "the body is larger than 5 bytes"))
    refusals.close()
    said = [record.getMessage().split(". The data is lost")[0] for record in caplog.records]
    assert said == [
        "1 request to /events not accepted: 400 json: this is not valid JSON",
        "60 requests to /events not accepted: 400 json: this is not valid JSON",
        "60 requests to /events not accepted: 400 json: this is not valid JSON",
        "1 request to /events not accepted: 413 too-large: the body is larger than 5 bytes",
        "9 requests to /events not accepted: 400 json: this is not valid JSON",
    ]
