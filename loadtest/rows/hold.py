"""How long one callback of the collector holds the event loop, at full load.

Every callback's CPU time is taken: of a busy neighbour on the machine the loop is as late as it is,
and that is not the collector's. The producer's own callbacks are left out. Over TLS what the client
encrypts is in the callbacks, and so is the handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from aiocollect import Pipeline
from testkit.certificates import make_certificates
from testkit.emulator import emulator

from .load import BURST, FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size, percentile

__all__ = ["run"]

CONTAINER: Final = "bench"
GOALS: Final = {"instant store": 0.5, "Azurite": 1.0, "Azurite over TLS": 1.0}  # milliseconds


class Watch:
    """The holds of the loop so far, in seconds; ``mine`` is set by a callback that is not ours."""

    def __init__(self) -> None:
        self.holds: list[float] = []
        self.mine = False


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Time every callback that a loop of asyncio runs."""
    watch = Watch()
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        watch.mine = False
        begin = time.thread_time()
        run(handle)
        if not watch.mine:
            watch.holds.append(time.thread_time() - begin)

    # The loop's transports make their own handles, so there is no other place that sees all.
    asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]
    try:
        yield watch
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


def run(size: Size) -> list[Figure]:
    """p99.9 and longest of some thousand callbacks, beside three stores, which take turns."""
    rows = floats(size.of(50_000, 2_000)) * size.of(3, 1)
    holds: dict[str, list[list[float]]] = {}
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        made = make_certificates(Path(directory))
        plain = stack.enter_context(emulator())
        secured = stack.enter_context(emulator(cert=made.cert, key=made.key))
        sides: dict[str, Callable[[], Pipeline]] = {
            "instant store": lambda: pipeline_on(InstantStore()),
            "Azurite": lambda: pipeline_on(plain.connection_string, container=CONTAINER),
            "Azurite over TLS": lambda: pipeline_on(
                secured.connection_string,
                container=CONTAINER,
                store_options={"ca_file": str(made.ca_file)},
            ),
        }
        for _ in range(size.of(5, 1)):
            for name, make in sides.items():
                holds.setdefault(name, []).append(asyncio.run(_hold(make(), rows)))
    figures = []
    for name, found in holds.items():
        figures += [
            Figure(
                f"hold of the loop, p99.9, {name}",
                tuple(1000 * percentile(each, 0.999) for each in found),
                unit="ms",
                goal=GOALS[name],
                note=f"{len(found[0]):,} callbacks a round",
            ),
            Figure(
                f"hold of the loop, longest, {name}",
                tuple(1000 * max(each) for each in found),
                unit="ms",
            ),
        ]
    return figures


async def _hold(pipeline: Pipeline, rows: Sequence[Any]) -> list[float]:
    collector = pipeline.collector("bench", feature_names=FEATURES)
    # The rows that wait here are the bench's: the garbage collector need not walk them.
    gc.collect()
    gc.freeze()
    with watching() as watch:
        await _produce(pipeline, collector.collect, rows, watch)
    gc.unfreeze()
    await pipeline.aclose()
    return watch.holds


async def _produce(pipeline: Pipeline, collect: Any, rows: Sequence[Any], watch: Watch) -> None:
    # As fast as they can be taken, and no faster: of 50,000 calls that wait in the ring the garbage
    # collector alone holds the loop for 10 to 30 ms.
    for first in range(0, len(rows), BURST):
        for row in rows[first : first + BURST]:
            collect(row)
        watch.mine = True
        await asyncio.sleep(0)
    await pipeline.flush()
    watch.mine = True
