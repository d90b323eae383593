"""Run many lives over all cores, or replay one.

``--seeds N`` runs the seeds 0 to N-1 and, from 1,000 on, demands that every kind of fault and every
step of the lane's table was met; ``--seed N`` replays one life, and ``--trace`` tells what happens
in it. Exits 1 on any problem, and names the command that replays it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Any

from .run import Summary, describe, progress, run, run_chunk
from .selection import live

# Between two lines that tell how far it is, in seconds.
EVERY = 10.0


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many lives")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--trace", action="store_true", help="and tell what happens in it")
    parser.add_argument("--stop-at", type=int, help="stop after so many failed lives")
    options: Any = parser.parse_args(arguments)
    if options.trace and options.seed is None:
        parser.error("--trace tells one life: give --seed")
    began = time.perf_counter()
    summary = Summary()
    unmet: list[str] = []
    if options.trace:
        logging.getLogger("aiocollect").setLevel(logging.CRITICAL)  # its events are told anyway
        summary.take(live(options.seed, print))
    elif options.seed is not None:
        summary = run_chunk(range(options.seed, options.seed + 1))
    else:
        told = began
        for summary in run(options.seeds, first=options.first, stop_at=options.stop_at):
            now = time.perf_counter()
            if now - told >= EVERY:
                told = now
                print(progress(summary, now - began), flush=True)
        # Fewer lives cannot be expected to meet everything.
        unmet = summary.unmet if options.seeds >= 1000 and not options.stop_at else []
    print(describe(summary, time.perf_counter() - began))
    if unmet:
        print("never met: " + ", ".join(unmet))
    return 1 if summary.failures or unmet else 0


if __name__ == "__main__":
    sys.exit(main())
