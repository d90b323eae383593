"""Records and paths of the v2 collector, for whoever writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aiocollect import ConfigError, EncodeError
from aiocollect.encoders import MdcEncoder
from aiocollect.layouts import MdcLayout
from aiocollect.typing import Names, Piece, Schema

SCHEMA = Schema(MdcEncoder.features)
NEEDED = {"id": "1", "source": "/s", "type": "azureml.inference.request"}


def encoded(payload: Any, attributes: Any, timestamp: str = "2026-01-31T23:59:58.000000") -> bytes:
    (line,) = MdcEncoder().encode([Piece(((payload, attributes),), "c", timestamp, 0)], SCHEMA)
    return line


def test_a_payload_record() -> None:
    """Of a gateway: method and path after the known attributes, its own words after these."""
    line = encoded('{"a": 1}', {**NEEDED, "own": "x", "method": "POST", "path": "/score"})
    assert line == (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"azureml.inference.request",'
        b'"datacontenttype":"application/json","time":"2026-01-31T23:59:58Z","data":{"a": 1},'
        b'"contentrange":"bytes 0-7/8","correlationid":"c","path":"/score","method":"POST",'
        b'"own":"x"}\n'
    )


@pytest.mark.parametrize(
    "payload",
    ["[1.50]", "9" * 40, '"\\u2603 ☃"', "[\n1,\r\n2]", "null", "1.0E+2"],
)
def test_the_payload_stands_as_it_was_given(payload: str) -> None:
    """Digit for digit, in one line; the range counts its bytes."""
    line = encoded(payload, NEEDED)
    same = payload.replace("\n", " ").replace("\r", " ").encode()
    assert line.count(b"\n") == 1
    assert b',"data":' + same + b',"contentrange":' in line
    size = len(same)
    assert json.loads(line)["contentrange"] == f"bytes 0-{size - 1}/{size}"
    assert json.loads(line)["data"] == json.loads(payload)


def test_what_the_encoder_says_cannot_be_overruled() -> None:
    """No attribute takes the place of payload, time or range; a fraction of a second is kept."""
    attributes = {**NEEDED, "data": "x", "time": "x", "contentrange": "x", "specversion": "x"}
    record = json.loads(encoded("[]", attributes, "2026-01-31T23:59:58.250000"))
    assert (record["data"], record["specversion"]) == ([], "1.0")
    assert record["time"] == "2026-01-31T23:59:58.250000Z"
    assert record["contentrange"] == "bytes 0-1/2"


@pytest.mark.parametrize("payload", ["", "[", "Nope", "[1]\n[2]", '"\ud800"', b"[]", None, [1]])
def test_no_payload(payload: Any) -> None:
    """What is no JSON text is refused, and never shown."""
    with pytest.raises(EncodeError, match="JSON"):
        encoded(payload, NEEDED)


@pytest.mark.parametrize("missing", NEEDED)
def test_needed_attributes(missing: str) -> None:
    """CloudEvents needs them."""
    with pytest.raises(EncodeError, match=missing):
        encoded("[]", {**NEEDED, missing: ""})
    with pytest.raises(EncodeError, match="MdcEncoder needs the columns data, attributes"):
        MdcEncoder().encode([], Schema(("a",)))


def test_the_path() -> None:
    """Endpoint, deployment, collection, hour; names cannot leave their segment."""
    layout = MdcLayout(instance="host/1")
    names = Names("s/r/w", "churn", "blue", "default", "../model")
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert layout.path(names, moment, extension="jsonl") == (
        "modelDataCollector/churn/blue/..~2Fmodel/2026/01/02/03/host~2F1.jsonl"
    )
    with pytest.raises(ConfigError, match="instance must not be empty"):
        MdcLayout(instance="")
