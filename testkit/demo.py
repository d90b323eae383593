"""The demo with the storage emulator in place of the directory: ``make demo STORE=azurite``."""

from __future__ import annotations

import argparse
import sys

from aiocollect.demo.run import run_demo

from .emulator import EmulatorMissing, emulator


def main() -> int:
    """Start the emulator, run the demo on it, stop it."""
    parser = argparse.ArgumentParser(prog="python -m testkit.demo", description=__doc__)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        with emulator() as running:
            return run_demo(
                store=f"azurite://{running.address}/modeldata",
                container=None,
                seconds=options.seconds,
                json=options.json,
                browser=not options.no_browser,
                store_stays=False,
            )
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
