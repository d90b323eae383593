"""What each verb returns, and when: the table in Collector's docstring, tried out."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from aiocollect import Collector, EncodeError, MemoryStore, Pipeline, Receipt

ROWS = [[1.0, 2.0]]
WRONG = [[1.0, 2.0, 3.0]]


def table() -> dict[str, list[str]]:
    """The words of the docstring, by verb."""
    rows = re.findall(r"^``(a?collect\w*)``(.+)$", inspect.getdoc(Collector) or "", re.M)
    return {verb: re.split(r"\s{2,}", words.strip()) for verb, words in rows}


def call(collector: Collector, verb: str, data: Any) -> Any:
    answer = getattr(collector, verb)(data, correlation_id="given")
    return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer


@pytest.fixture(params=[False, True], ids=["lenient", "strict"])
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    made = Pipeline(MemoryStore(), host="thread", strict=request.param)
    yield made
    made.close()


@pytest.mark.parametrize("verb", table())
def test_what_a_verb_returns(verb: str, pipeline: Pipeline) -> None:
    """Recorded, sampled out, switched off and refused, as the docstring says."""
    recorded, sampled, off, refused = table()[verb]
    collector = pipeline.collector("m", feature_names=["a", "b"])

    answer = call(collector, verb, ROWS)
    assert isinstance(answer, Receipt) if recorded == "a Receipt" else answer == "given"
    assert pipeline.stats().accepted == 1

    collector.set(sample_rate=1e-9)
    assert call(collector, verb, ROWS) == {"its id": "given", "None": None}[sampled]
    assert pipeline.stats().sampled_out == 1

    collector.set(sample_rate=1.0, enabled=False)
    assert call(collector, verb, ROWS) == {"id given": "given", "None": None}[off]
    assert (pipeline.stats().accepted, pipeline.stats().sampled_out) == (1, 1)

    collector.set(enabled=True)
    if refused == "raises" or pipeline._engine.settings.strict:
        with pytest.raises(EncodeError):
            call(collector, verb, WRONG)
    else:
        assert refused.startswith("None")
        assert call(collector, verb, WRONG) is None
        assert pipeline.stats().refused == {"shape": 1}


def test_the_table_has_each_verb() -> None:
    """Whatever begins with collect or acollect."""
    verbs = {name for name in dir(Collector) if re.match("a?collect", name)}
    assert set(table()) == verbs
