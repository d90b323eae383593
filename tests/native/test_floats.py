"""Texts of floats: repr()'s digits, orjson's bytes, and the same number when read back."""

from __future__ import annotations

import numpy as np
import pytest

from tests.native.floats import KINDS, Writer, differences, door, laid_out
from tools.build_native import FLAGS, CannotBuildError

pytestmark = pytest.mark.slow
COUNT = 1_000_000 // len(KINDS)


@pytest.fixture(scope="module")
def writers() -> tuple[Writer, Writer]:
    try:
        return door()
    except CannotBuildError as error:
        pytest.skip(f"the native core cannot be built here: {error}")


@pytest.fixture(scope="module")
def plain_writers() -> tuple[Writer, Writer]:
    """As on processors of another kind."""
    try:
        return door((*FLAGS, "-U__SSE2__"))
    except CannotBuildError as error:
        pytest.skip(f"the native core cannot be built here: {error}")


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.__name__[1:] for kind in KINDS])
def test_floats_of_each_kind(kind: int, writers: tuple[Writer, Writer]) -> None:
    """A million in all; ``make floats`` has a hundred."""
    assert list(differences(kind, 0, COUNT, writers)) == []


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.__name__[1:] for kind in KINDS])
def test_without_vectors_the_texts_are_the_same(
    kind: int, writers: tuple[Writer, Writer], plain_writers: tuple[Writer, Writer]
) -> None:
    numbers = KINDS[kind](np.random.default_rng((kind, 1)), COUNT)
    numbers = numbers[np.isfinite(numbers)]
    assert plain_writers[0](numbers) == writers[0](numbers)
    with np.errstate(over="ignore"):
        floats = numbers.astype(np.float32)
    floats = floats[np.isfinite(floats)]
    assert plain_writers[1](floats) == writers[1](floats)


def test_the_edges(writers: tuple[Writer, Writer]) -> None:
    """Where an exponent begins, both zeros, and the ends of the range."""
    edges = {
        0.0: "0.0", 1e-5: "0.00001", 9.999999999999999e-6: "9.999999999999999e-6",
        9999999999999998.0: "9999999999999998.0", 1e16: "1e+16", 5e-324: "5e-324",
        -1.7976931348623157e308: "-1.7976931348623157e+308", 2.2250738585072014e-308:
        "2.2250738585072014e-308", 0.1: "0.1", 1e-4: "0.0001", 123456789012345680.0:
        "1.2345678901234568e+17",
    }  # fmt: skip
    for number, text in edges.items():
        assert writers[0](np.array([number])).decode() == text
        assert laid_out(repr(number)) == text
    assert writers[0](np.array([-0.0])) == b"-0.0"


def test_the_oracles_see_a_wrong_digit(writers: tuple[Writer, Writer]) -> None:
    """The last digit of one number in a thousand."""

    def wrong(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
        text = bytearray(writers[0](values))
        text[-1] ^= 1
        return bytes(text)

    found = list(differences(1, 1, 1000, (wrong, writers[1])))
    assert [" and repr has " in line for line in found].count(True) == 1
    assert [" and orjson has " in line for line in found].count(True) == 1
    assert "float() reads another number" in found[-1]
