"""Run benches of reading: ``make bench``, or python -m loadtest.reading [NAME ...] [--rows N]."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback

from loadtest.rows.measure import Figure
from loadtest.rows.report import as_json, as_text
from testkit.errors import EmulatorMissing

from .sides import has_duckdb
from .table import BENCHES, bench


def main(arguments: list[str] | None = None) -> int:
    """0 where all benches ran, whatever their figures; 1 where one failed."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.reading",
        description="What reading costs beside other readers, as ratios within one run.",
        epilog="; ".join(f"{name}: {what}" for name, what in BENCHES.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; without: all")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of each stream (200000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each comparison (7)")
    parser.add_argument("--json", action="store_true", help="print JSON, with each round's sample")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"there is no bench {name!r}; there are {', '.join(BENCHES)}")
    if not has_duckdb():
        _tell("duckdb is not installed, so nothing is compared with it: pip install duckdb")
    figures: list[Figure] = []
    failed = False
    for name in options.names or BENCHES:
        begin = time.monotonic()
        try:
            found = bench(name)(options.rows, options.rounds)
        except EmulatorMissing as obstacle:
            _tell(f"{name}: skipped: {obstacle}")
            continue
        except Exception:
            _tell(f"{name}: failed\n{traceback.format_exc()}")
            failed = True
            continue
        figures += found
        if not options.json:
            print(f"{name}: {BENCHES[name]} ({time.monotonic() - begin:.0f} s)")
            print(as_text(found), end="\n\n", flush=True)
    if options.json:
        print(json.dumps(as_json(figures), indent=1))
    return int(failed)


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
