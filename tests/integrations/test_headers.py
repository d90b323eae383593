"""The id that a request brings: which header counts, and what is no id."""

from __future__ import annotations

import pytest

from aiocollect import ConfigError
from aiocollect.integrations.headers import header_names, id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"x-request-id": " a.b_c-1 "}, "a.b_c-1"),
        ({"x-request-id": "a", "x-ms-request-id": "b"}, "a"),
        ({"x-request-id": "", "x-ms-request-id": "b"}, "b"),
        # What a spreadsheet would take for a formula, a line, another cell.
        ({"x-request-id": "=1+1", "x-ms-request-id": "b"}, "b"),
        ({"x-request-id": "-1"}, None),
        ({"x-request-id": "a\nb"}, None),
        ({"x-request-id": 'a","b'}, None),
        ({"x-request-id": "ä"}, None),
        ({"x-request-id": "a" * 128}, "a" * 128),
        ({"x-request-id": "a" * 129}, None),
        ({"traceparent": f"00-{TRACE}-{PARENT}-01"}, TRACE),
        ({"traceparent": f"00-{TRACE}-{PARENT}-00", "x-request-id": "?"}, TRACE),
        # Another version may say more behind, version 00 may not.
        ({"traceparent": f"cc-{TRACE}-{PARENT}-01-what"}, TRACE),
        ({"traceparent": f"00-{TRACE}-{PARENT}-01-what"}, None),
        ({"traceparent": f"cc-{TRACE}-{PARENT}-01.what"}, None),
        ({"traceparent": f"ff-{TRACE}-{PARENT}-01"}, None),
        ({"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": f"00-{TRACE.upper()}-{PARENT}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{PARENT}"}, None),
    ],
)
def test_the_id_of_a_request(headers: dict[str, str], wanted: str | None) -> None:
    """The first header that holds an id; else the trace; else none."""
    assert id_of(headers.get) == wanted


def test_other_headers() -> None:
    """They take the place of the usual ones."""
    assert id_of({"x-request-id": "a", "x-mine": "b"}.get, request_ids=["x-mine"]) == "b"


@pytest.mark.parametrize("names", ["x-request-id", [""], [1]])
def test_what_is_no_list_of_headers(names: object) -> None:
    """Is refused, by the option's name."""
    with pytest.raises(ConfigError, match="request_ids"):
        header_names("request_ids", names)  # type: ignore[arg-type]
