"""The core suites on a native core that watches itself: addresses and undefined behaviour.

    python -m tests.native.sanitize                     the suites below (make sanitize)
    python -m tests.native.sanitize tests/unit/core     these tests

A copy of the package gets a core that is built with both sanitizers, and Python takes all memory by
malloc, so that each object is watched, too. The first finding ends the process that has it, with a
report on stderr. Before the suites each allocation fails once (no_memory.py), and a while any calls
are made (fuzz.py). The thread sanitizer watches the C++ parts without Python: test_rings.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.zoo.run import ROOT, copy_tree
from tools.build_native import SOURCES, CannotBuildError, build, target, tools_of

FLAGS = (
    *("-std=c++17", "-O1", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *("-Wl,--wrap=malloc", "-Wl,--wrap=realloc"),  # failing.cpp
)
SUITES = (
    *(f"tests/unit/{room}" for room in ("core", "encoders", "engine", "delivery")),
    *("tests/behaviour", "tests/property"),
)


def environment(root: Path) -> dict[str, str]:
    """For a Python whose extension, and no other, was built with the sanitizers."""
    compiler, _ = tools_of()
    library = _library(compiler, "libasan.so")
    if not Path(library).is_absolute():
        raise CannotBuildError(f"{compiler[0]} has no address sanitizer (libasan.so)")
    return {
        **os.environ,
        "AIOCOLLECT_NATIVE": "1",
        # Python never gives all back, and other libraries neither: test_memory.py looks for ours.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        # C++'s own library beside it: the sanitizer looks for its exceptions when it is loaded.
        "LD_PRELOAD": f"{library} {_library(compiler, 'libstdc++.so.6')}",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(root),
    }


def _library(compiler: list[str], name: str) -> str:
    asked = [*compiler, f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: list[str]) -> int:
    """The exit code of pytest; 3 where nothing can be built."""
    with tempfile.TemporaryDirectory(prefix="sanitize-") as directory:
        root = Path(directory)
        copy_tree(root)
        shutil.copytree(ROOT / "docs", root / "docs")
        try:
            sources = (*sorted(SOURCES.glob("*.cpp")), Path(__file__).with_name("failing.cpp"))
            build(root / "aiocollect" / "_native" / target().name, FLAGS, sources)
            chosen = environment(root)
        except CannotBuildError as error:
            print(f"nothing was sanitized: {error}", file=sys.stderr)
            return 3
        command = [sys.executable, "-m", "pytest", "-q", "--maxfail=5", "-p", "no:cacheprovider"]
        command += ["-p", "no:faulthandler", "--timeout=600", "-m", "not slow and not azurite"]
        runs = [[*command, *(arguments or SUITES)]]
        if not arguments:
            runs.insert(0, [sys.executable, "-m", "tests.native.no_memory"])
            runs.insert(0, [sys.executable, "-m", "tests.native.fuzz", "--seconds", "20"])
        done = [subprocess.run(run, cwd=root, env=chosen, check=False).returncode for run in runs]
        return max(map(abs, done))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
