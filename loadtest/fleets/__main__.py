"""Simulate the fleets and write their record, table and pictures: ``make scale``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path

from .cases import CASES
from .measure import measured
from .page import RECORD, write

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """0 where all cases ran."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.fleets", description="Fleets, simulated in virtual time."
    )
    parser.add_argument("--quick", action="store_true", help="a few small fleets; writes nothing")
    parser.add_argument("--pages", action="store_true", help="write the page from the record again")
    options = parser.parse_args(arguments)
    # What a fleet of thousands has to say about its account is counted here.
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    if options.pages:
        write(json.loads((ROOT / RECORD).read_text(encoding="utf-8")))
        return 0
    lines = []
    for case in CASES:
        if options.quick and not case.quick:
            continue
        began = time.process_time()
        lines.append(measured(case))
        print(json.dumps(lines[-1]), f"({time.process_time() - began:.1f} s)", flush=True)
    if not options.quick:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
