"""Which text is quoted: the native core has the rule of encoders/csv.py once more, by hand."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Final, Literal

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

ROWS, WIDTH = 3_000, 8
FORMS: Final[tuple[Literal["csv", "jsonl"], ...]] = ("csv", "jsonl")
# What numbers, dates, truth values and missing cells are made of; and what breaks a line.
PARTS = (
    *("0", "1", "7", "12", "1999", "2026", "-", "+", ".", "_", "e", "E", "x", "f", "F", "p", "j"),
    *(":", "/", "T", "Z", " ", "  ", "\t", ",", '"', "\n", "\r", "=", "@", "'", "%", "$", "(", ")"),
    *("na", "n/a", "#na", "#n/a n/a", "<na>", "nan", "nat", "null", "nil", "none", "true", "false"),
    *("inf", "infinity", "\\n", "1.#ind", "1.#qnan", "jan", "Feb", "march", "mon", "am", "pm"),
    *("utc", "gmt", "0x1f", "0b1", "0o7", "1e5", "1d5", "y", "yes", "no", "off", "\x1c", "\x7f"),
)


def text(chance: random.Random) -> str:
    one = "".join(chance.choices(PARTS, k=chance.choice((0, 1, 1, 2, 2, 3, 4, 6, 9))))
    return chance.choice((one, one, one.upper(), one.title()))


def rows() -> list[list[str]]:
    chance = random.Random(15)
    return [[text(chance) for _ in range(WIDTH)] for _ in range(ROWS)]


def stored(form: Literal["csv", "jsonl"]) -> bytes:
    """The rows, as a pipeline of this process writes them."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        seams = Seams(clock=VirtualClock(loop), writer_id="00000000aa")
        pipeline = Pipeline(store, _seams=seams, format=form)
        collector = pipeline.collector("m", feature_names=[f"f{n}" for n in range(WIDTH)])
        collector.collect(["-"] * WIDTH)
        await pipeline.flush()
        for row in rows():
            assert collector.collect(row, correlation_id="i", at=0.0) == "i"
        await pipeline.aclose()
        return b"".join(data for _, data in sorted(store.blobs.items()))

    return run_virtual(main)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_text_is_quoted_as_by_the_encoder(form: Literal["csv", "jsonl"]) -> None:
    """Texts that are nearly something else, beside a process that runs in Python alone."""
    code = f"import sys; from {__name__} import stored; sys.stdout.buffer.write(stored({form!r}))"
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "AIOCOLLECT_NATIVE": "0"}, capture_output=True, check=True,
    )  # fmt: skip
    here, there = stored(form).splitlines(), other.stdout.splitlines()
    assert [pair for pair in zip(here, there, strict=True) if pair[0] != pair[1]][:3] == []
