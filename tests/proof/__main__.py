"""The long proofs: ``python -m tests.proof --minutes 20``, or ``make proof MINUTES=20``.

Runs the shards that are still missing for the present code, writes the record after each, and the
page at the end. Ctrl-C ends it at any moment; finished shards stay. Exits 1 where a seed of the
present code has failed, in this run or an earlier one, or where a long total has not met what it
must; 0 otherwise, however much is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from typing import Any

from . import page
from .code import ROOT
from .record import Record
from .runner import Runner
from .suites import SUITES
from .verdict import Standing, standings


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.proof",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", nargs="*", help="words of the names of proofs; none: all")
    parser.add_argument("--minutes", type=float, default=20.0, help="0: only tell, and write")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="shards at once")
    parser.add_argument(
        "--again", action="store_true", help="forget what was run of these proofs and this code"
    )
    given: Any = parser.parse_args(arguments)
    suites = [
        suite
        for suite in SUITES.values()
        if not given.suites or any(word in suite.name for word in given.suites)
    ]
    if not suites:
        parser.error(f"no such proof; there are: {', '.join(SUITES)}")
    if given.again and not given.suites:
        parser.error("--again needs the names of proofs")
    record = Record()
    native = any((ROOT / "aiocollect/_native").glob("core.*.so"))
    ways = ("native", "python") if native else ("python",)
    runner = Runner(record, suites, ways, given.jobs, say=_say)
    if not native:
        _say("the native core is not built, so its shards are left out: make native")
    if given.again:
        for suite in suites:
            record.forget(suite.name, suite.code())
    try:
        asyncio.run(_run(runner, 60.0 * given.minutes))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted: the shards that had not ended are not counted")
    page.write(record)
    return tell(standings(runner.entries()))


async def _run(runner: Runner, seconds: float) -> None:
    """A SIGTERM is as good as Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if seconds:
        await runner.run(seconds)


def tell(found: list[Standing]) -> int:
    """A line for each proof, and what is wrong; the exit code."""
    for one in found:
        _say(
            f"{one.suite.name:34} {one.tally.units:>8,} of {one.goal:>8,} {one.suite.units}, "
            f"{one.tally.rows:,} rows, {len(one.failures)} failed"
        )
    for one in found:
        for seed, said in one.failures.items():
            _say(f"{one.suite.name}, {seed}: {said}")
            _say(f"  replay: {one.suite.replay.format(seed=seed)}")
        for table, kinds in one.unmet.items():
            _say(f"{one.suite.name} never met, of {table}: {', '.join(kinds)}")
    return 0 if all(one.good for one in found) else 1


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
