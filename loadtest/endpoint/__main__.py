"""The load test: ``python -m loadtest [--quick]``: what collecting costs a scoring endpoint.

Writes loadtest-report.html, its first plot as .svg, and all figures as .json (``--into DIR``), and
prints the tables; with ``--write`` it puts them and the plot into docs/explanation/loadtest.md too.
``--ladder`` runs the first server alone. With ``--before-others`` what is measured goes before all
other processes of the machine, which needs root: on a busy one no figures mean anything otherwise.

Ends with 1 where a run of aiocollect lost or doubled a row or did not come to its end, 3 where the
emulator is missing.
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

from ..harness.pages import PAGES, write
from ..harness.processes import before_others, keep_back
from ..harness.stage import LOAD_CORE, Stage
from .plan import LONG, QUICK
from .report import as_html, as_svg
from .suite import ladder, run
from .tables import ladder_tables, rows_table, server_tables

# Recorders that promise something; runs of rows by themselves are ours too.
OURS = ("aiocollect", "memory", "gateway", "ours")
PAGE = PAGES / "loadtest.md"
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


def kept_its_word(results: dict[str, Any]) -> bool:
    """Whether each run of ours came to its audit, and that found nothing."""
    runs = [*results["steady"], *results.get("weather", [])]
    runs += [results["gateway"]] if "gateway" in results else []
    runs += [one for found in results.get("rows", {}).values() for one in found.values()]
    ours = [one for one in runs if one.get("recorder", "ours") in OURS]
    return all(one.get("audit") and one["audit"]["good"] for one in ours)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three minutes instead of 15")
    parser.add_argument("--ladder", action="store_true", help="what one server's collecting costs")
    parser.add_argument("--before-others", action="store_true", help="with a real-time priority")
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, default=Path())
    given = parser.parse_args()
    plan = QUICK if given.quick else LONG

    def say(text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    async def work() -> dict[str, Any]:
        with (
            emulator(memory_mb=2048) as azurite,
            emulator(memory_mb=2048) as apart,
            tempfile.TemporaryDirectory() as name,
        ):
            keep_back(apart.pid, LOAD_CORE)
            obstacle = before_others() if given.before_others else ""
            if obstacle:
                parser.error(f"--before-others: {obstacle}")
            behind = Stage(apart, Path(name))
            if given.ladder:
                return await ladder(behind, plan, seed=given.seed, say=say)
            stage = Stage(azurite, Path(name))
            return await run(stage, plan, behind=behind, seed=given.seed, say=say)

    about = _about(given.seed, quick=given.quick)
    try:
        results = {"about": about, **asyncio.run(work())}
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3
    tables = ladder_tables(results)
    print(tables)
    places = {"ladder": tables}
    if not given.ladder:
        places |= {"servers": server_tables(results), "rows": rows_table(results)}
        given.into.mkdir(parents=True, exist_ok=True)
        path = given.into / "loadtest-report.html"
        path.write_text(as_html(results), encoding="utf-8")
        path.with_suffix(".svg").write_text(as_svg(results), encoding="utf-8")
        path.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        print(f"\n{results['seconds']} s; the page: {path}")
    if given.write:
        PAGE.with_suffix(".svg").write_text(as_svg(results), encoding="utf-8")
        for name, text in places.items():
            if text:
                write(PAGE, name, text, conditions=_conditions(about, given.before_others))
    if kept_its_word(results):
        return 0
    print("a run of aiocollect lost or doubled rows, or did not end: see above", file=sys.stderr)
    return 1


def _conditions(about: dict[str, Any], before: bool) -> str:
    """In a line, for the page."""
    first = " before all other processes" if before else ""
    return (
        f"the {about['form']} form{first}, {about['machine']}, load {about['load before']} before, "
        f"CPython {about['Python']}"
    )


if __name__ == "__main__":
    sys.exit(main())
