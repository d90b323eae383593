"""Runs lives one after the other until a finding shows, and says which seed showed it.

``python -m tests.zoo.lives MODULE --seeds N --finding WORD``, in the directory of the copy. Prints
one JSON object: ``seed``, ``after`` (how many lives), ``problem``; ``other`` where only something
else was found.

A life in which an assertion of the package's own failed is no catch: what it found may be nothing
but that assertion's doing. A life that does not end is found by the word "hangs".
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import aiocollect
from aiocollect._engine import exits

# The longest life takes a second. In seconds.
PATIENCE = 20


class Assertions(logging.Handler):
    """Hears what event loops log of exceptions that nobody has taken."""

    met = False

    def emit(self, record: logging.LogRecord) -> None:
        """Remember that an assertion failed."""
        if record.exc_info and isinstance(record.exc_info[1], AssertionError):
            self.met = True


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.lives", description=__doc__)
    parser.add_argument("module")
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--finding", default="")
    options: Any = parser.parse_args()
    assert Path(aiocollect.__file__).is_relative_to(Path.cwd()), "not the copy's package"
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    assertions = Assertions()
    logging.getLogger("asyncio").addHandler(assertions)
    logging.getLogger("asyncio").propagate = False
    live = importlib.import_module(options.module).live
    others: list[str] = []
    seed = 0

    def say(problem: str) -> None:
        found = {"seed": seed, "after": seed + 1, "problem": problem, "other": others[:1]}
        os.write(1, json.dumps(found).encode() + b"\n")

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        problem = "hangs: the life does not end"
        if options.finding not in problem:
            others.append(f"seed {seed}: {problem}")
            problem = ""
        say(problem)
        os._exit(1)

    signal.signal(signal.SIGALRM, give_up)
    for seed in range(options.seeds):
        signal.alarm(PATIENCE)
        assertions.met = False
        try:
            problems = live(seed).problems
        except BaseException as error:  # a panic that went through all of it is a finding, too
            problems = [f"it has ended its process: {type(error).__name__}"]
        signal.alarm(0)
        if assertions.met:
            others.append(f"seed {seed}: an assertion of the package's own")
            continue
        for problem in problems:
            if options.finding in problem:
                say(problem)
                sys.exit(1)
        if problems:
            others.append(f"seed {seed}: {problems[0]}")
    say("")
    sys.exit(1 if others else 0)


if __name__ == "__main__":
    try:
        main()
    finally:  # what a life has left open is no other's to close, and not what is to be said
        for pipeline in exits.held():
            exits.let_go(pipeline)
