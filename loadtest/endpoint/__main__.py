"""The load test: ``python -m loadtest [--quick]``: what collecting costs a scoring endpoint.

Writes loadtest-report.html, its first plot as .svg, and all figures as .json (``--into DIR``), and
prints the table. Ends with 1 where a run of aiocollect lost or doubled a row, 3 where the emulator
is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from testkit.emulator import EmulatorMissing, emulator

from ..harness.stage import Stage
from .plan import LONG, QUICK
from .report import as_html, as_markdown, as_svg
from .suite import run

OURS = ("aiocollect", "memory", "gateway", "ours")
_PACKAGES = ("aiohttp", "azure-storage-blob", "fastapi", "orjson", "uvicorn", "uvloop")


def _about(seed: int, *, quick: bool) -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "form": "quick" if quick else "long",
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "Azurite": _azurite(),
        "load before": f"{os.getloadavg()[0]:.1f}",
        **{name: version(name) for name in _PACKAGES},
    }


def _azurite() -> str:
    package = Path(__file__).parents[2] / "testkit" / "azurite" / "package.json"
    pinned: str = json.loads(package.read_text())["dependencies"]["azurite"]
    return pinned


def _kept_its_word(results: dict[str, Any]) -> bool:
    runs = [*results["steady"], results["gateway"], *results["weather"]]
    runs += [one for found in results["rows"].values() for one in found.values()]
    ours = [one for one in runs if one.get("recorder", "ours") in OURS]
    return all(one.get("audit") and one["audit"]["good"] for one in ours)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute and a half instead of 15")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, default=Path())
    given = parser.parse_args()

    async def work() -> dict[str, Any]:
        with emulator(memory_mb=2048) as azurite, tempfile.TemporaryDirectory() as name:
            return await run(
                Stage(azurite, Path(name)),
                QUICK if given.quick else LONG,
                seed=given.seed,
                say=lambda text: print(f"  {text}", file=sys.stderr, flush=True),
            )

    try:
        results = {"about": _about(given.seed, quick=given.quick), **asyncio.run(work())}
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3
    given.into.mkdir(parents=True, exist_ok=True)
    path = given.into / "loadtest-report.html"
    path.write_text(as_html(results), encoding="utf-8")
    path.with_suffix(".svg").write_text(as_svg(results), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(as_markdown(results))
    print(f"\n{results['seconds']} s; the page: {path}")
    return 0 if _kept_its_word(results) else 1


if __name__ == "__main__":
    sys.exit(main())
