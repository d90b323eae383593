"""Any cells and any calls, for a while: the native core must do what the Python way does.

    python -m tests.native.fuzz --seconds 60             (make fuzz SECONDS=60)
    python -m tests.native.fuzz --seed 4711              one life again

A life is a few dozen calls of collect() drawn from a seed. It is lived here and in a process that
runs in Python alone, and must answer, count, charge and store the same. ``make sanitize`` runs
it, too: there a fault of memory ends it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np

from aiocollect import AioCollectError, MemoryStore, Pipeline, correlation
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

BEGIN = 1_700_000_000.0
DTYPES = (
    *("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f8", ">i4", "g"),
    *("c8", "U5", "S3", "M8[us]", "m8[s]", "O"),
)


class Number(float):
    """No float: it may have anything on it."""


class Text(str):
    """No str."""

    __slots__ = ()


def cell(chance: random.Random) -> Any:
    """Mostly what the native core knows; and much that it does not."""
    return chance.choice(
        (
            *(chance.uniform(-1e3, 1e3), chance.gauss(0, 1), float(chance.randrange(100))) * 3,
            *(
                float("nan"),
                float("inf"),
                -0.0,
                5e-324,
                1e16,
                1e-5,
                2.0 ** chance.randrange(-80, 80),
            ),
            *(0, -1, chance.randrange(-99, 99), 2**63 - 1, -(2**63), 2**63, 10**40, True, False),
            *(None, None, "", "x" * chance.randrange(200), "NA", "1.5", "a,b", 'q"q', "l\nl", "\0"),
            *("größe", "\U0001f600", "\ud800", "2026-01-01", Text("t"), Number(1.5), b"bytes", ()),
            *(np.float64(0.1), np.float32(0.1), np.int8(3), np.bool_(True), Decimal("1.50")),
            *([1, [2.5, "x"]], {"k": 1}, object, datetime(2026, 1, 1), timedelta(1), 1j),
        )
    )


def array(chance: random.Random, width: int) -> Any:
    """Of any type, shape and strides."""
    dtype = chance.choice((*DTYPES, "f8", "f8", "f4", "i8"))
    shape = chance.choice(
        ((width,), (width,), (chance.randrange(6), width), (3, width + 1), (1, 1, 1))
    )
    made: Any = np.array([chance.randrange(100) for _ in range(int(np.prod(shape)))]).astype(dtype)
    made = made.reshape(shape)
    turned = chance.randrange(6)
    if turned == 0:
        made = np.asfortranarray(made)
    elif turned == 1:
        made = made[..., ::-1]
    elif turned == 2 and len(shape) == 2:
        made = np.repeat(made, 2, axis=0)[::2]
    elif turned == 3:
        made.setflags(write=False)
    return made


def value(chance: random.Random, width: int) -> Any:
    """One row or several, or what is none."""
    row = [cell(chance) for _ in range(width)]
    plain = [chance.uniform(0, 9) for _ in range(width)]
    keys = [f"c{n}" for n in range(width)]
    return chance.choice(
        (
            *(plain, plain, tuple(plain), row, row, tuple(row), array(chance, width)),
            *(dict(zip(keys, row, strict=True)), dict(zip(keys[::-1], plain, strict=True))),
            dict(zip([*keys, 7], [*plain, 1], strict=True)),
            dict(zip(keys[1:], row[1:], strict=True)),
            *([plain, row], [row] * chance.randrange(5), row[:-1], [*row, 1]),
            *([], {}, None, "text", 1.5),
        )
    )


def named(chance: random.Random) -> dict[str, Any]:
    """What else a call is given."""
    given: dict[str, Any] = {}
    if chance.random() < 0.3:
        given["correlation_id"] = chance.choice(
            (
                *(None, "id-7", "i" * chance.randrange(300), "größe", ""),
                *(7, Text("id"), "a\nb", "\ud800"),
            )
        )
    if chance.random() < 0.3:
        given["at"] = chance.choice(
            (
                *(None, BEGIN, BEGIN + chance.uniform(-1e5, 1e5), int(BEGIN), -1.0, 1e18, True),
                *(float("nan"), float("inf"), "now", datetime(2026, 1, 1, tzinfo=UTC)),
                *(datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9)))),
            )
        )
    if chance.random() < 0.2:
        given["row"] = chance.choice((None, 0, 7, -1, 2**31, 2**64, 1.0, True, "0"))
    return given


def life(seed: int) -> tuple[list[Any], dict[str, bytes]]:
    """What was answered and counted at each call, and what is stored at the end."""
    chance = random.Random(seed)
    width = chance.randrange(1, 6)
    told: list[Any] = []
    store = MemoryStore()

    def note(pipeline: Pipeline, call: Callable[[], Any]) -> None:
        try:
            told.append(call())
        except AioCollectError as error:
            told.append((type(error).__name__, str(error)))
        stats, ring = pipeline.stats(), pipeline._engine.ring
        told.append((stats.accepted, stats.refused, stats.sampled_out, ring.used, len(ring)))

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        pipeline = Pipeline(
            store,
            _seams=Seams(clock=clock, chance=lambda: 0.5, writer_id="00000000aa"),
            format=chance.choice(("csv", "jsonl")),
            strict=chance.random() < 0.2,
            sample_rate=chance.choice((1.0, 1.0, 1.0, 0.5)),
            columns=chance.choice(("ids", "aml")),
            max_memory_bytes=chance.choice((65_536, 1 << 24)),
            max_batch_bytes=2048,
        )
        await pipeline.start()
        names = [f"c{n}" for n in range(width)] if chance.random() < 0.7 else None
        collector = pipeline.collector("m", feature_names=names)
        model = pipeline.model("two", inputs=["a"], predictions=["p"])
        for _ in range(chance.randrange(5, 60)):
            data, given, kind = value(chance, width), named(chance), chance.random()
            if kind < 0.75:
                note(pipeline, lambda: collector.collect(data, **given))  # noqa: B023
            elif kind < 0.85:
                rows = [[cell(chance)], [cell(chance)]]
                note(pipeline, lambda: model.collect(inputs=rows[0], predictions=rows[1], **given))  # noqa: B023
            elif kind < 0.95:
                with correlation(chance.choice((None, "loan-7"))) as scoring:
                    for _ in range(2):
                        note(pipeline, lambda: collector.collect(data))  # noqa: B023
                    told.append(scoring.id)
            else:
                await pipeline.flush()
        told.append(str(await pipeline.aclose()).split(" in ")[0])

    run_virtual(main)
    return told, store.blobs


class OtherWay:
    """A process that lives each seed that it reads, in Python alone."""

    def __init__(self) -> None:
        environment = {**os.environ, "AIOCOLLECT_NATIVE": "0"}
        environment.pop("LD_PRELOAD", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.native.fuzz", "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def life(self, seed: int) -> list[str]:
        """See told_of()."""
        assert self._process.stdin
        assert self._process.stdout
        print(seed, file=self._process.stdin, flush=True)
        found: list[str] = json.loads(self._process.stdout.readline())
        return found


def told_of(seed: int) -> list[str]:
    """What a life has told, step by step, and what is stored."""
    told, blobs = life(seed)
    return [*map(ascii, told), *(f"{path}: {data!r}" for path, data in sorted(blobs.items()))]


def differs(seed: int, other: OtherWay) -> str:
    """What the two lives of a seed do differently; "" is right."""
    here, there = told_of(seed), other.life(seed)
    for number, (one, its) in enumerate(zip(here, there, strict=False)):
        if one != its:
            return f"step {number}:\n{one}, and in Python\n{its}"
    return "" if len(here) == len(there) else f"{len(here)} steps, and in Python {len(there)}"


def main() -> int:
    """Exit code: 0 where all lives were equal, else 1."""
    parser = argparse.ArgumentParser(description="Any cells and calls, twice.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="this one life")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    if options.serve:
        for line in sys.stdin:
            print(json.dumps(told_of(int(line))), flush=True)
        return 0
    other = OtherWay()
    seeds = [options.seed] if options.seed is not None else range(time.time_ns(), sys.maxsize)
    began, lives = time.monotonic(), 0
    for seed in seeds:
        found = differs(seed, other)
        lives += 1
        if found:
            print(
                f"seed {seed}: {found[:2000]}\n  again: python -m tests.native.fuzz --seed {seed}"
            )
            return 1
        if time.monotonic() - began > options.seconds:
            break
    print(f"{lives} lives, each twice: no difference, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
