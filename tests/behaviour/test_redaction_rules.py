"""The rules of redaction: which are refused, and that the key is a secret."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.redaction import Drop, KeyedHash, Mask
from tests.support.redacted import KEY, NAMES, later

pytestmark = pytest.mark.slow  # Frames of three libraries, in some seconds.


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Drop(), "name a column"),
    (lambda: Drop(""), "text"),
    (lambda: Drop(b"ssn"), "the name of a column must be text, not bytes"),  # type: ignore[arg-type]
    (lambda: Drop("a", "a"), "named twice"),
    (lambda: Mask("a", with_=[1]), "with_= must be text"),  # type: ignore[arg-type]
    (lambda: KeyedHash("a", key="0123456789abcdef"), "must be bytes"),  # type: ignore[arg-type]
    (lambda: KeyedHash("a", key=b"short-secret"), "has 12 bytes, and needs at least 16"),
    (lambda: KeyedHash(KEY, key=KEY), "text, not bytes"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_wrong_rules(make: Callable[[], Any], words: str) -> None:
    """What is wrong with a rule is said where it is made, without its key."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert words in str(caught.value)
    assert "short-secret" not in str(caught.value)
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize(
    ("redact", "words"),
    [
        (
            Drop("x"),
            "Drop names column 'x', but the stream has no such column; the columns are a, b, c",
        ),
        ([Drop("a"), Mask("a")], "Mask names column 'a', but an earlier rule drops it"),
        (Drop("a", "b", "c"), "drops all columns"),
        ("ssn", "contains str"),
        ([Drop], "contains Drop"),
        ([Drop("a"), 7], "contains int"),
        ({"inputs": Drop("a")}, "contains dict"),
        (later, "contains an async function"),
    ],
)
def test_wrong_rules_of_a_collector(redact: Any, words: str) -> None:
    """A rule that cannot fit is refused when the collector is made, where the names are known."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError) as caught:
        pipeline.collector("m", feature_names=NAMES, redact=redact)
    assert f"redact= {words}" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        pipeline.model("m", inputs=NAMES, redact={"inputs": redact})
    assert f"redact['inputs']= {words}" in str(caught.value)


def test_rules_of_no_stream() -> None:
    """A stream's name that is misspelled would leave it unredacted."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError, match="its streams are inputs"):
        pipeline.model("m", inputs=NAMES, redact={"input": Drop("a")})
    with pytest.raises(ConfigError, match="redact= must be rules by stream"):
        pipeline.model("m", inputs=NAMES, redact=Drop("a"))  # type: ignore[arg-type]


def test_the_key_is_a_secret() -> None:
    """No repr shows it, nothing pickles or copies it, and no attribute holds it."""
    rule = KeyedHash("email", key=KEY)
    assert repr(rule) == "KeyedHash('email', key=***)"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps([rule], protocol)
        assert KEY.decode() not in str(caught.value)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(rule)
    attributes = [getattr(rule, name) for name in rule.__slots__]
    assert KEY.decode() not in repr(attributes)
    pipeline = Pipeline(MemoryStore())
    collector = pipeline.collector("m", feature_names=["email"], redact=rule)
    for thing in (pipeline, collector, collector._stream, collector._stream.redactor):
        assert KEY.decode() not in repr(thing)
    assert rule == KeyedHash("email", key=KEY)
    assert rule != KeyedHash("email", key=KEY + b"x")


def test_rules_are_values() -> None:
    """Equal rules are equal, and a number is not taken for a flag."""
    assert Drop("a") == Drop("a") != Drop("b")
    assert Mask("a", with_=1) != Mask("a", with_=True)
    assert len({Mask("a"), Mask("a"), Drop("a"), KeyedHash("a", key=KEY)}) == 3
