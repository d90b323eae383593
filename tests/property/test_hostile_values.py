"""Values whose own code lies or raises, and values that are too large: collect() answers both.

It never raises by default, it counts the rows as refused, it shows no cell, and what is too large
it does not walk. How much was walked is told by the memory that it took, not by a clock.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiocollect import EncodeError, Pipeline
from tests.property.calls import SECRET, Panic, hostile, met, using

# Classes with one method that raises --------------------------------------------------------------


METHODS = (
    *("type.__hash__", "type.__eq__", "type.__instancecheck__", "type.__getattribute__"),
    *("shape", "__class__", "dtype", "device", "ndim", "columns", "__array__", "__len__"),
    *("__iter__", "__eq__", "__hash__", "__getattribute__", "__getitem__", "__bool__", "__float__"),
    *("__arrow_c_stream__", "__arrow_c_array__", "model_dump", "toarray", "keys", "detach"),
    *("__repr__", "__str__", "__index__", "__array_interface__", "to_pylist", "value"),
)


ERRORS = (RuntimeError, Panic, asyncio.CancelledError, TypeError)


BASES: tuple[type, ...] = (object, list, tuple, dict, str, int, float, bytes)


PLACES: dict[str, Callable[[Any], Any]] = {
    "value": lambda thing: thing,
    "cell": lambda thing: [1.0, thing],
    "first cell": lambda thing: [thing, 1.0],
    "cell of a tuple": lambda thing: (1.0, thing),
    "cell of rows": lambda thing: [[1.0, 2.0], [1.0, thing]],
    "row": lambda thing: [[1.0, 2.0], thing],
    "first row": lambda thing: [thing, [1.0, 2.0]],
    "named": lambda thing: {"a": 1.0, "b": thing},
    "named rows": lambda thing: [{"a": 1.0, "b": 2.0}, {"a": 1.0, "b": thing}],
    "nested": lambda thing: [1.0, [{"k": thing}]],
    "object array": lambda thing: _objects(thing),
    "frame": lambda thing: pd.DataFrame({"a": [1.0], "b": pd.Series([thing], dtype=object)}),
}


def _objects(thing: Any) -> Any:
    array = np.empty((1, 2), dtype=object)
    array[0, 0] = 1.0
    array[0, 1] = thing
    return array


def empty(value: Any) -> bool:
    """Whether it has no elements, by the methods of its base: its own may raise."""
    for base in (list, tuple, dict):
        if issubclass(type(value), base):
            return not base.__len__(value)
    return True


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS)
def test_nothing_that_a_value_raises_comes_out(place: str, error: type[BaseException]) -> None:
    """Accepted for what it is, or refused and counted: never an exception, never a cell."""
    answers: Counter[str] = Counter()

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        collector.collect([1.0, 2.0])  # the fast path is open
        for base in BASES:
            for name in METHODS:
                try:
                    value = PLACES[place](hostile(name, error, base))
                except BaseException:  # what cannot even be put there
                    continue
                before = pipeline.stats()
                answer, refused = met(pipeline, events, lambda: collector.collect(value))  # noqa: B023
                after = pipeline.stats()
                told = sum(after.refused.values()) - sum(before.refused.values())
                assert (answer is None) == (told > 0) == bool(refused), (base, name)
                recorded = answer is not None and told == 0
                assert (after.accepted > before.accepted) == recorded or empty(value), (base, name)
                for event in refused:
                    assert SECRET not in str(event.error), (base, name)
                    assert event.error.__cause__ is None
                    assert event.error.__context__ is None
                answers["refused" if refused else "accepted"] += 1
        assert collector.collect([3.0, 4.0])  # and goes on

    using(use)
    assert answers["refused"] > 50, answers


@pytest.mark.parametrize("error", ERRORS)
def test_a_cell_is_told_by_its_column(error: type[BaseException]) -> None:
    """Also where its type cannot be hashed."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        for name in ("type.__hash__", "__class__"):
            for form in ("cell", "cell of a tuple", "cell of rows", "named", "named rows", "frame"):
                value = PLACES[form](hostile(name, error))
                _, (refused,) = met(pipeline, events, lambda: collector.collect(value))  # noqa: B023
                assert "column b" in str(refused.error), (name, form, refused)
                assert refused.reason == "type"

    using(use)


# What is said of a call ---------------------------------------------------------------------------


class Zone(tzinfo):
    """A zone that raises."""

    def utcoffset(self, moment: datetime | None, /) -> Any:
        raise Panic(SECRET)

    dst = tzname = utcoffset


class Number(int):
    """As `at=` or `row=`."""

    def _raise(self, *given: object) -> Any:
        raise Panic(SECRET)

    __lt__ = __le__ = __gt__ = __ge__ = __mul__ = __round__ = __index__ = __float__ = _raise


class Fraction(float):
    """Likewise."""

    def _raise(self, *given: object) -> Any:
        raise RuntimeError(SECRET)

    __lt__ = __le__ = __gt__ = __ge__ = __mul__ = __round__ = _raise


class Text(str):
    """As an id."""

    def _raise(self, *given: object) -> Any:
        raise Panic(SECRET)

    __hash__ = __eq__ = __len__ = __bool__ = encode = _raise  # type: ignore[assignment]


SAID: list[dict[str, Any]] = [
    {"at": Number(1_700_000_000)},
    {"at": Fraction(1.7e9)},
    {"at": datetime(2026, 1, 1, tzinfo=Zone())},
    {"at": hostile("__class__", Panic)},
    {"row": hostile("__class__", Panic)},
    {"row": hostile("__index__", Panic)},
    {"correlation_id": hostile("__class__", Panic)},
    {"correlation_id": hostile("__class__", RuntimeError)},
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: "".join(said))
@pytest.mark.parametrize(
    "data", [[1.0, 2.0], (1.0, "x"), {"a": 1.0}], ids=lambda d: type(d).__name__
)
@pytest.mark.parametrize("strict", [False, True])
def test_nothing_that_is_said_of_a_call_raises(
    said: dict[str, Any], data: Any, strict: bool
) -> None:
    """at=, row= and the id may be of classes that raise: refused, counted, told by their names."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        model = pipeline.model("n", x=["a", "b"])
        for call in (
            lambda: collector.collect(data, **said),
            lambda: collector.collect_rows([data], **said),
            lambda: collector.collect_receipt(data, **said),
            lambda: model.collect(x=data, **said),
        ):
            if strict:
                with pytest.raises(EncodeError) as caught:
                    call()
                assert SECRET not in str(caught.value)
                continue
            answer, (refused,) = met(pipeline, events, call)
            assert answer is None
            assert refused.reason in ("time", "row", "id")
            assert SECRET not in str(refused.error)
        assert sum(pipeline.stats().refused.values()) == 4

    assert using(use, strict=strict) == {}


@pytest.mark.parametrize("wrong", [KeyboardInterrupt, SystemExit])
def test_the_users_interrupt_and_an_exit_go_through(wrong: type[BaseException]) -> None:
    """They are not of the value: a signal's, or the host's own end."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        with pytest.raises(wrong):
            collector.collect([1.0, hostile("__class__", wrong)])
        assert collector.collect([1.0, 2.0])

    using(use)
