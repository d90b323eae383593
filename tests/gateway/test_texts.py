"""JSON as it comes in, against Python's own parser and a recursion that nobody needs to trust."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiocollect.gateway.problems import Problem
from aiocollect.gateway.texts import check_json, members, moment, parse

texts = st.text(st.sampled_from('ab"\\[]{},: \u00e4\n') | st.characters(codec="utf-8"), max_size=8)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
leaves = leaves.filter(lambda leaf: leaf not in (float("inf"), float("-inf")))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(
    value=values, most=st.integers(0, 6), indent=st.sampled_from([None, 1]), ascii_=st.booleans()
)
@example(value=["]["], most=0, indent=None, ascii_=True)
@example(value={"a\\": ['"[']}, most=1, indent=None, ascii_=True)
@example(value=2**64 + 1, most=0, indent=None, ascii_=True)
def test_parse(value: Any, most: int, indent: int | None, ascii_: bool) -> None:
    """A value within the depth comes out as it is, integers of any length too; beyond it, refused
    for its depth."""
    said = json.dumps(value, indent=indent, ensure_ascii=ascii_).encode()
    if depth(value) > most:
        with pytest.raises(Problem) as caught:
            parse(said, depth=most)
        assert caught.value.kind == "depth"
    else:
        found = parse(said, depth=most)
        assert found == value
        assert json.dumps(found) == json.dumps(value)  # 1 is not 1.0, nor true
        assert check_json(said, depth=most, field="x") == said.decode()


@given(value=st.dictionaries(texts, values, max_size=4) | st.lists(values, max_size=4),
    indent=st.sampled_from([None, 1]))  # fmt: skip
def test_members(value: Any, indent: int | None) -> None:
    """The raw texts of the members, put together, are the value."""
    raw = json.dumps(value, indent=indent, ensure_ascii=False)
    found = list(members(raw))
    assert all(said in raw and json.loads(said) == one for _, one, said in found)
    if isinstance(value, dict):
        assert [(name, one) for name, one, _ in found] == list(value.items())
    else:
        assert [one for _, one, _ in found] == value


@given(
    st.binary(max_size=40)
    | st.text(st.sampled_from('[]{}",:01eE-\\ '), max_size=12).map(str.encode)
)
def test_no_other_error(body: bytes) -> None:
    """Whatever comes in is a value or a Problem; a value is what Python says, too."""
    try:
        found = parse(body, depth=5)
    except Problem:
        return
    assert json.dumps(found) == json.dumps(json.loads(body))


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2026-11-28T08:00:00Z", "2026-11-28T08:00:00+00:00"),
        ("2026-11-28t08:00:00z", "2026-11-28T08:00:00+00:00"),
        ("2026-11-28 08:00:00Z", "2026-11-28T08:00:00+00:00"),
        ("2026-11-28T08:00:00.1234567891Z", "2026-11-28T08:00:00.123456+00:00"),
        ("2026-11-28T08:00:00-00:00", "2026-11-28T08:00:00+00:00"),
        ("2026-11-28T08:00:00+05:30", "2026-11-28T08:00:00+05:30"),
        ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59.999999+00:00"),
        ("2026-06-30t23:59:60.5z", "2026-06-30T23:59:59.999999+00:00"),
        ("2026-07-01T01:59:60+02:00", "2026-07-01T01:59:59.999999+02:00"),
    ],
)
def test_moments_of_rfc_3339(sent: str, meant: str) -> None:
    """Every form of it is taken; a leap second is the last moment of its minute."""
    found = moment(sent, field="at")
    assert found == datetime.fromisoformat(meant)


@pytest.mark.parametrize("sent", ["2026-06-30T23:60:00Z", "2026-06-30T23:59:61Z", "2026-06-30"])
def test_moments_that_are_none(sent: str) -> None:
    """Other times beyond the clock are refused, as before."""
    with pytest.raises(Problem):
        moment(sent, field="at")
