"""Run the face-off: ``make faceoff``, or python -m loadtest.faceoff [--seeds 1 2 3] [--json]."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from testkit.emulator import EmulatorMissing, emulator

from ..harness.environments import OWN_PYTHON
from ..harness.pages import PAGES, write
from .conditions import Conditions
from .contenders import ALL
from .report import KINDS, as_json, as_markdown, as_text, conditions_text
from .run import Result, run_round


def main(arguments: list[str] | None = None) -> int:
    """0 where aiocollect kept its word, 1 where not, 3 where the emulator is missing."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.faceoff", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--contenders", nargs="+", choices=[each.name for each in ALL])
    parser.add_argument("--json", action="store_true", help="print JSON, each round by itself")
    parser.add_argument("--write", action="store_true", help="put the tables into faceoff.md")
    options = parser.parse_args(arguments)
    contenders = [
        each for each in ALL if options.contenders is None or each.name in options.contenders
    ]
    if any(each.sidecar for each in contenders) and not OWN_PYTHON.exists():
        parser.error(f"{OWN_PYTHON} is missing: run make faceoff, which makes it")
    conditions = Conditions()
    results: list[Result] = []
    try:
        with tempfile.TemporaryDirectory(prefix="faceoff-") as directory:
            for seed in options.seeds:
                for kind in options.kinds:
                    # A fresh one each time: it slows down with what 412s leave behind.
                    with emulator() as running:
                        found = asyncio.run(
                            run_round(
                                running,
                                contenders,
                                kind=kind,
                                seed=seed,
                                conditions=conditions,
                                directory=Path(directory),
                            )
                        )
                    results += found
                    text = as_text(found, title=f"Seed {seed}, {KINDS[kind]}")
                    print(text, end="\n\n", file=sys.stderr if options.json else sys.stdout)
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3
    if options.json:
        print(json.dumps(as_json(results, conditions), indent=1))
    else:
        for kind in options.kinds:
            of_kind = [each for each in results if each.kind == kind]
            print(as_text(of_kind, title=f"All seeds, {KINDS[kind]}"), end="\n\n")
        print(conditions_text(results, conditions))
    if options.write:
        about = f"the sums of seeds {', '.join(map(str, options.seeds))}"
        write(PAGES / "faceoff.md", "faceoff", as_markdown(results), conditions=about)
    return 0 if all(map(_kept_its_word, results)) else 1


def _kept_its_word(result: Result) -> bool:
    """Whether aiocollect did what it promises: killed, it may lose what was in memory alone, which
    with a spool are the rows of its last turn."""
    if not result.contender.startswith("aiocollect"):
        return True
    verdict = result.verdict
    spoilt = verdict.doubled or verdict.torn or verdict.reordered
    return result.finished and not spoilt and (result.kind == "kill" or verdict.good)


if __name__ == "__main__":
    sys.exit(main())
