"""The texts of doubles and floats: those of repr(), laid out as documented, and orjson's bytes.

    python -m tests.native.floats --count 100000000         on all cores (make floats)

Each number of nine kinds is written by the native core and compared three times: with repr(), whose
digits are the shortest that read back equal; with orjson; and read back by float(). The kind of
float32 is also written as float32, compared with orjson, and read back by numpy.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tools.build_native import FLAGS, SOURCES, build

DOOR = Path(__file__).with_name("floats_door.cpp")
PORTION = 50_000

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Writer = Callable[[np.ndarray[Any, Any]], bytes]


def _random_bits(chance: np.random.Generator, count: int) -> Numbers:
    return chance.integers(0, 2**64, count, dtype=np.uint64).view(np.float64)


def _uniform(chance: np.random.Generator, count: int) -> Numbers:
    return chance.uniform(0, 100, count)


def _normal(chance: np.random.Generator, count: int) -> Numbers:
    return chance.normal(0, 1, count)


def _subnormal(chance: np.random.Generator, count: int) -> Numbers:
    """Small ones, and the largest of them."""
    bits = chance.integers(1, 2**52, count, dtype=np.uint64)
    return (bits >> chance.integers(0, 52, count, dtype=np.uint64)).view(np.float64)


def _few_digits(chance: np.random.Generator, count: int) -> Numbers:
    whole = chance.integers(-999_999, 1_000_000, count).tolist()
    tens = chance.integers(-12, 20, count).tolist()
    return np.array([float(f"{n}e{k}") for n, k in zip(whole, tens, strict=True)])


def _whole(chance: np.random.Generator, count: int) -> Numbers:
    """Of all sizes, up to what no int64 holds."""
    most = chance.integers(1, 64, count, dtype=np.uint64)
    whole = chance.integers(0, 2**63, count, dtype=np.uint64) >> (np.uint64(63) - most)
    return np.where(chance.random(count) < 0.5, 1.0, -1.0) * whole.astype(np.float64)


def _powers_of_two(chance: np.random.Generator, count: int) -> Numbers:
    """And their neighbours: the lower one is nearer."""
    return _beside(chance, np.exp2(chance.integers(-1074, 1024, count).astype(np.float64)))


def _powers_of_ten(chance: np.random.Generator, count: int) -> Numbers:
    """And their neighbours; times a digit, too."""
    tens = np.array([float(f"{n}e{k}") for k in range(-323, 309) for n in (1, 2, 5, 9) if k < 308])
    return _beside(chance, chance.choice(tens, count))


def _float32(chance: np.random.Generator, count: int) -> Numbers:
    floats = chance.integers(0, 2**32, count, dtype=np.uint32).view(np.float32)
    return floats[np.isfinite(floats)].astype(np.float64)


def _beside(chance: np.random.Generator, numbers: Numbers) -> Numbers:
    steps = chance.integers(-2, 3, len(numbers))
    return (numbers.view(np.int64) + steps).clip(0).view(np.float64)


KINDS = (
    *(_random_bits, _uniform, _normal, _subnormal, _few_digits, _whole, _powers_of_two),
    *(_powers_of_ten, _float32),
)


def laid_out(text: str) -> str:
    """What repr() says of a finite double, as docs/reference/values.md has it."""
    sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
    number, _, power = text.partition("e")
    whole, _, rest = number.partition(".")
    if not power:
        if whole == "0" and rest.startswith("0000") and rest != "0":
            raise AssertionError("repr() has an exponent below 1e-4")
        return sign + text
    tens = int(power)
    digits = whole + rest
    if tens == -5:  # 1e-05: without an exponent from 1e-5 on
        return f"{sign}0.0000{digits}"
    return f"{sign}{number}e{'+' if tens > 0 else ''}{tens}"


def door(flags: tuple[str, ...] = FLAGS) -> tuple[Writer, Writer]:
    """Writers of doubles and of floats. Raises CannotBuildError."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "floats.so")
        build(path, flags, (DOOR, SOURCES / "floats.cpp"))
        library = ctypes.CDLL(str(path))

    def writer(function: Any) -> Writer:
        function.restype = ctypes.c_size_t

        def write(values: np.ndarray[Any, Any]) -> bytes:
            out = ctypes.create_string_buffer(33 * len(values) + 40)
            length = function(values.ctypes, ctypes.c_size_t(len(values)), out)
            return out.raw[: length - 1]

        return write

    return writer(library.write_doubles), writer(library.write_floats)


def differences(kind: int, seed: int, count: int, writers: tuple[Writer, Writer]) -> Iterator[str]:
    """Each number of a portion whose text is not as it must be."""
    made = KINDS[kind](np.random.default_rng((kind, seed)), count)
    numbers = made[np.isfinite(made)]
    listed = numbers.tolist()
    texts = writers[0](numbers).decode().split(",")
    by_repr = [laid_out(repr(number)) for number in listed]
    for name, wanted in (("repr", by_repr), ("orjson", _by_orjson(numbers))):
        if texts != wanted:
            yield from _named(KINDS[kind].__name__, name, texts, wanted)
    if list(map(float, texts)) != listed:
        yield f"{KINDS[kind].__name__}, portion {seed}: float() reads another number"
    if KINDS[kind] is _float32:
        floats = numbers.astype(np.float32)
        texts = writers[1](floats).decode().split(",")
        if texts != (wanted := _by_orjson(floats)):
            yield from _named("float32", "orjson", texts, wanted)
        if not np.array_equal(np.array(texts, dtype=np.float32), floats):
            yield f"float32, portion {seed}: numpy reads another number"


def _by_orjson(numbers: np.ndarray[Any, Any]) -> list[str]:
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode().split(",")


def _named(kind: str, oracle: str, texts: list[str], wanted: list[str]) -> Iterator[str]:
    for text, other in zip(texts, wanted, strict=True):
        if text != other:
            yield f"{kind}: {text!r}, and {oracle} has {other!r}"


_writers: list[tuple[Writer, Writer]] = []


def _portion(number: int, count: int) -> list[str]:
    if not _writers:
        _writers.append(door())
    return list(differences(number % len(KINDS), number // len(KINDS), count, _writers[0]))[:20]


def main() -> int:
    """Exit code: 0 where no text differs, else 1."""
    parser = argparse.ArgumentParser(description="Texts of floats against repr() and orjson.")
    parser.add_argument("--count", type=int, default=100_000_000, help="how many doubles")
    count = parser.parse_args().count
    portions = -(-count // PORTION)
    began = shown = time.monotonic()
    found: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(_portion, number, PORTION) for number in range(portions)]
        for done, future in enumerate(as_completed(waiting), 1):
            found += future.result()
            if time.monotonic() - shown > 10 or done == portions:
                shown = time.monotonic()
                print(f"{done * PORTION:,} of {portions * PORTION:,} doubles, "
                      f"{len(found)} differences, {shown - began:.0f} s", flush=True)  # fmt: skip
            if len(found) > 20:
                pool.shutdown(cancel_futures=True)
                break
    print("\n".join(found[:20]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
