"""``python -m tests.zoo [WORD ...]``: judge all mutants, or those whose name has one of the words.

Prints a table, and exits 1 where a mutant survives, does not fit the code any more, or where the
package without a bug does not pass. ``--control`` runs only the latter.
"""

from __future__ import annotations

import argparse
import sys
import time

from testkit.emulator import missing

from .catalogue import ALL
from .run import Verdict, control, judge_all
from .suites import SUITES


def row(verdict: Verdict) -> str:
    """One line of the table."""
    mutant = verdict.mutant
    seconds = f"{verdict.seconds:.0f} s" if verdict.seconds else ""
    cells = [
        f"{mutant.name:<44.44}",
        f"{mutant.origin:<46.46}",
        f"{verdict.kind or verdict.state:<26.26}",
        f"{verdict.seed:<28.28}",
        f"{verdict.finding:<70.70}",
        seconds,
    ]
    mark = {"caught": " ", "waits": "-"}.get(verdict.state, "!")
    return f"{mark} {' | '.join(cells)}"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args(arguments)
    obstacle = missing()
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 3
    began = time.perf_counter()
    mutants = [
        mutant
        for mutant in ALL
        if not options.words or any(word in mutant.name for word in options.words)
    ]
    verdicts: list[Verdict] = []
    if not options.control:
        for verdict in judge_all(mutants):
            verdicts.append(verdict)
            print(row(verdict), flush=True)
    wrong = [verdict for verdict in verdicts if verdict.state in ("survives", "unfit")]
    for verdict in wrong:
        print(f"{verdict.mutant.name} {verdict.state}: {verdict.finding}")
    used = {name for mutant in mutants for name in mutant.suites}
    bad = 0
    for name, found in control([name for name in SUITES if name in used]):
        print(f"without a bug: {name:<20} {found or 'passes'}", flush=True)
        bad += bool(found)
    caught = sum(verdict.state == "caught" for verdict in verdicts)
    waiting = sum(verdict.state == "waits" for verdict in verdicts)
    print(
        f"{caught} of {len(verdicts) - waiting} caught, {waiting} wait for code; "
        f"{time.perf_counter() - began:.0f} s"
    )
    return 1 if wrong or bad else 0


if __name__ == "__main__":
    sys.exit(main())
