"""Puts mutants into copies of the package, and runs the suites on them.

Each mutant has a copy of its own in a scratch directory; at most two run at a time, each suite for
a bounded time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from .mutant import Mutant, Unfit
from .suites import SUITES, Suite

__all__ = ["Verdict", "control", "copy_tree", "judge", "judge_all"]

ROOT: Final = Path(__file__).resolve().parents[2]
# For one suite on one mutant, in seconds.
PATIENCE: Final = 300
# What is said of a test that pytest-timeout has ended: it prints this banner, and no verdict.
HANGS: Final = "hangs: the test does not end"
_BANNER: Final = "+ Timeout +"


class Verdict(NamedTuple):
    """What became of a mutant: ``caught``, "survives", "waits" or "unfit"."""

    mutant: Mutant
    state: str
    kind: str = ""
    seed: str = ""
    finding: str = ""
    seconds: float = 0.0


def copy_tree(root: Path) -> None:
    """A copy of the package, the tests and what they read, at ``root``; it shares the emulator."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("aiocollect", "deploy", "testkit", "tests", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    modules = ROOT / "testkit/azurite/node_modules"
    if modules.exists():
        (root / "testkit/azurite/node_modules").symlink_to(modules.resolve())


def judge(mutant: Mutant, *, seeds: int | None = None) -> Verdict:
    """Run the mutant's suites, the first one first, until one catches it. ``seeds``: fewer."""
    if mutant.waiting:
        return Verdict(mutant, "waits", finding=f"waits for {mutant.waiting}")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="zoo-") as directory:
        root = Path(directory)
        copy_tree(root)
        try:
            mutant.put_into(root / "aiocollect")
        except Unfit as error:
            return Verdict(mutant, "unfit", finding=str(error))
        core = {"AIOCOLLECT_NATIVE": "0"} if mutant.is_pythons else {}
        if mutant.is_native:
            core = {"AIOCOLLECT_NATIVE": "1"}
            build = [sys.executable, "tools/build_native.py"]
            environment = {**os.environ, **core}
            built = subprocess.run(
                build, cwd=root, env=environment, capture_output=True, text=True, check=False
            )
            if built.returncode:
                return Verdict(mutant, "waits", finding=built.stderr.strip()[-200:])
        found = ""
        for name in mutant.suites:
            suite = SUITES[name]
            seed, found = _run(suite, root, mutant.finding, seeds or suite.seeds, core)
            if seed:
                seconds = time.perf_counter() - began
                return Verdict(mutant, "caught", f"{suite.kind}: {name}", seed, found, seconds)
    seconds = time.perf_counter() - began
    return Verdict(mutant, "survives", ", ".join(mutant.suites), "", found, seconds)


def judge_all(mutants: Iterable[Mutant]) -> Iterator[Verdict]:
    """The verdicts, two mutants at a time, in order."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(judge, mutants)


def control(names: Iterable[str], *, seeds: int = 200) -> Iterator[tuple[str, str]]:
    """Run suites, of lives so many, on a copy without a bug: each name, and what was found there
    ("" is right)."""
    with tempfile.TemporaryDirectory(prefix="zoo-") as directory:
        root = Path(directory)
        copy_tree(root)

        def check(name: str) -> tuple[str, str]:
            suite = SUITES[name]
            seed, found = _run(suite, root, "", min(seeds, suite.seeds), {})
            return name, f"{seed} {found}".strip()

        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(check, names)


def _run(
    suite: Suite, root: Path, finding: str, seeds: int, core: dict[str, str]
) -> tuple[str, str]:
    """Which seed or test shows the finding, and what it says; "" and what else was found, if
    anything."""
    if suite.seeds:
        command = ["-m", "tests.zoo.lives", suite.target, f"--seeds={seeds}"]
        command.append(f"--finding={finding}")
        read: Callable[[str, str], tuple[str, str]] = _read_lives
    else:
        command = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", suite.target]
        read = _read_tests
    # The scripts that tests start find the copy by the path.
    environment = {**os.environ, **core, "PYTHONPATH": str(root), "CI": "1", "LOCAL_KILLS": "12"}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return "", f"{suite.target} did not end within {PATIENCE} s"
    if not process.returncode:
        return "", ""
    seed, said = read(output, finding)
    if not seed and _BANNER in output and finding and finding in HANGS:
        return "timeout", HANGS
    if not seed and core.get("AIOCOLLECT_NATIVE") == "1":
        # A bug in native code ends the process, or never ends.
        if process.returncode < 0:
            return f"signal {-process.returncode}", "the process crashed"
        if "Timeout" in output:
            return "timeout", "the process hung"
    return seed, said


def _read_lives(output: str, finding: str) -> tuple[str, str]:
    # Behind the verdict the process may say what its pipelines still had.
    last = next((line for line in reversed(output.split("\n")) if line.startswith("{")), output)
    try:
        found = json.loads(last)
    except ValueError:
        return "", f"no verdict: {last[-200:]}"
    if found["problem"]:
        return f"seed {found['seed']} (of {found['after']})", found["problem"]
    return "", "".join(found["other"])


def _read_tests(output: str, finding: str) -> tuple[str, str]:
    failed = re.search(r"^(?:FAILED|ERROR) \S*::(.+?)(?: - .*)?$", output, re.MULTILINE)
    lines = [line for line in output.splitlines() if line.startswith("E ")]
    said = [line[1:].strip() for line in lines if finding in line]
    if failed and said:
        return failed[1], said[0]
    return "", "\n".join(lines[-3:]) or output[-300:] or "it ended without a word"
