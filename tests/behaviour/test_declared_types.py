"""Columns declared with types: what is refused at once, and what reading makes of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.redaction import Drop, Mask


def types_of(collector: Any) -> Any:
    return dict(collector._stream.types)


def test_a_mapping_names_the_columns_and_their_types() -> None:
    """In its order; None says nothing of a type."""
    pipeline = Pipeline(MemoryStore())
    every = {"i": int, "f": float, "s": str, "b": bool, "m": datetime, "d": date, "n": None}
    stream = pipeline.collector("m", feature_names=every)
    assert stream._stream.shape.features == tuple(every)
    words = {"i": "int", "f": "float", "s": "str", "b": "bool", "m": "datetime", "d": "date"}
    assert types_of(stream) == words
    assert types_of(pipeline.collector("m", feature_names=list(every))) == {}
    again = pipeline.collector("m", feature_names=dict(every))
    assert again._stream is stream._stream
    model = pipeline.model("churn", inputs={"age": float}, predictions=["p"])
    declared = {name: dict(stream.types) for name, stream in model._streams.items()}
    assert declared == {"inputs": {"age": "float"}, "predictions": {}}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"age": "float"}, "column 'age' as a str; use int, float, str, bool, datetime, date"),
        ({"age": list}, "declares column 'age' as list"),
        ({"age": 1.5}, "declares column 'age' as a float; use int"),
        ({}, "feature_names is empty"),
        ({"": float}, "an empty name"),
        ({3: float}, "contains int; each name must be text"),
        ({"$aml_x": float}, r"names that begin with \$aml_ are reserved"),
    ],
)
def test_what_is_no_declaration_is_refused_at_once(declared: Any, words: str) -> None:
    """With what can be said instead."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError, match=words):
        pipeline.collector("m", feature_names=declared)
    with pytest.raises(ConfigError, match=words):
        pipeline.model("m", inputs=declared)


def test_a_redacted_column_has_no_declared_type() -> None:
    """A rule changes its cells, and a function may change any."""
    pipeline = Pipeline(MemoryStore())
    declared = {"age": int, "name": str, "ssn": int}
    for rules, left in (
        ([Drop("ssn"), Mask("name")], {"age": "int"}),
        (lambda row: row, {}),
    ):
        stream = pipeline.collector("m", feature_names=declared, redact=rules)
        assert types_of(stream) == left
