"""Run benches: ``make bench``, or python -m loadtest.rows [NAME ...] [--base REV] [--json]."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module

from testkit.errors import EmulatorMissing

from .base import BaseMissing, against, both_ways
from .measure import Figure, Size
from .report import as_json, as_text
from .table import BENCHES, bench

# What a revision is compared by, unless names are given: the rest is about the network.
COMPARED = ("encoders", "rows")


def main(arguments: list[str] | None = None) -> int:
    """0 where all benches ran, whatever their figures; 1 where one failed, 3 without revision."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.rows",
        description="What aiocollect costs, as ratios within one run.",
        epilog="; ".join(f"{name}: {what}" for name, what in BENCHES.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; without: all")
    parser.add_argument("--base", metavar="REVISION", help="print ratios of this tree to another")
    parser.add_argument("--ways", action="store_true", help="ratios of the core to Python's way")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of processes for both")
    parser.add_argument("--full", action="store_true", help="10^7 rows too; minutes more")
    parser.add_argument("--small", action="store_true", help="the smallest form: figures of no use")
    parser.add_argument("--json", action="store_true", help="print JSON, with each round's sample")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"there is no bench {name!r}; there are {', '.join(BENCHES)}")
    names = options.names or COMPARED
    if options.base or options.ways:
        try:
            if options.ways:
                figures = both_ways(names, rounds=options.rounds, tell=_tell)
            else:
                figures = against(options.base, names, rounds=options.rounds, tell=_tell)
        except BaseMissing as obstacle:
            _tell(str(obstacle))
            return 3
        print(json.dumps(as_json(figures), indent=1) if options.json else as_text(figures))
        return 0
    # By name: older revisions have none.
    _tell(f"core: {getattr(import_module('aiocollect.stats'), 'CORE', 'python')}")
    size = Size(small=options.small, full=options.full)
    figures, failed = run_all(options.names or list(BENCHES), size, as_they_come=not options.json)
    if options.json:
        print(json.dumps(as_json(figures), indent=1))
    return 1 if failed else 0


def run_all(
    names: Sequence[str], size: Size, *, as_they_come: bool
) -> tuple[list[Figure], list[str]]:
    """The figures of these benches, and the names of those that failed; missing ones are told."""
    figures: list[Figure] = []
    failed: list[str] = []
    for name in names:
        begin = time.monotonic()
        run = bench(name)
        if run is None:
            _tell(f"{name}: loadtest/rows/{name}.py is not there; skipped")
            continue
        try:
            found = run(size)
        except EmulatorMissing as obstacle:
            _tell(f"{name}: skipped: {obstacle}")
            continue
        except Exception:
            _tell(f"{name}: failed\n{traceback.format_exc()}")
            failed.append(name)
            continue
        figures += found
        if as_they_come:
            print(f"{name}: {BENCHES[name]} ({time.monotonic() - begin:.0f} s)")
            print(as_text(found), end="\n\n", flush=True)
        gc.collect()
    return figures, failed


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
