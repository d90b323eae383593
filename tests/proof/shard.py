"""One shard, in a process of its own: ``python -m tests.proof.shard SUITE ITEM``.

Says on stdout, in lines of JSON, each seed that begins, and at the end the sums; so a shard that
takes its process along has a seed to its name. Exits 1 where a seed failed, 3 where something that
it needs is not installed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from testkit.emulator import EmulatorMissing

from .simulated import Missing
from .suites import SUITES, Item

__all__ = ["main"]


def _say(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    name, given = sys.argv[1:] if arguments is None else arguments
    suite = SUITES[name]
    item: Item = given
    if given.isdecimal():
        item = int(given)
    try:
        tally = suite.run(item, lambda seed: _say(seed=str(seed)))
    except (EmulatorMissing, Missing) as obstacle:
        _say(obstacle=str(obstacle))
        return 3
    # At the end: where somebody has changed the code meanwhile, it is not what was proven.
    _say(tally=tally.as_json(), code=suite.code())
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
