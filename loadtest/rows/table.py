"""The benches by name, in the order in which they run.

Each is a module of this package with ``run(size: Size) -> list[Figure]``. One that is not there is
skipped, with a message.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

from .measure import Figure, Size

__all__ = ["BENCHES", "bench"]

Bench = Callable[[Size], list[Figure]]

BENCHES: Final = {
    "collect": "collect() by type of input",
    "encoders": "CSV and JSON Lines against a bare orjson.dumps",
    "rows": "CPU per row, collect() to acknowledged append",
    "append": "CPU per append call through the SDK (Azurite)",
    "azurite": "bytes a second and CPU per row into Azurite",
    "log": "what the log takes of a row's CPU time",
    "hold": "how long the collector holds the event loop",
    "host": "how late a host wakes beside a pipeline on a thread of its own",
    "limits": "the raw SDK's hold of the loop, the emulator's share of the machine, kept copies",
    "blocks": "how full blocks are, and how many appends there are",
    "paths": "new paths: our CPU, and how many a second into Azurite",
    "memory": "memory of idle paths",
    "scale": "CPU per row over the number of rows, and of paths",
}


def bench(name: str) -> Bench | None:
    """The bench of this name; None where its module is not there."""
    module = f"{__package__}.{name}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        return None
    run: Bench = found.run
    return run
