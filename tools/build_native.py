"""Builds the native core where a C++17 compiler and Python's headers are, and says so where not.

``python tools/build_native.py`` builds it in place; hatchling runs it when a wheel is built.
``AIOCOLLECT_NATIVE=0`` leaves it out, ``=1`` makes a failure an error. Without the core the package
is complete, and runs in Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "aiocollect" / "_native"
FLAGS = ("-std=c++17", "-O2", "-DNDEBUG", "-fvisibility=hidden", "-Wall", "-Wextra")


class CannotBuildError(Exception):
    """What is missing, and what would help."""


def target() -> Path:
    """Where the core belongs, under this interpreter's own suffix."""
    return SOURCES / f"core{sysconfig.get_config_var('EXT_SUFFIX')}"


def build(path: Path, flags: tuple[str, ...] = FLAGS) -> None:
    """Compile the core. Raises CannotBuildError, and leaves what was there."""
    if sys.implementation.name != "cpython":
        raise CannotBuildError(f"{sys.implementation.name} is not CPython")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise CannotBuildError("the core does not support free-threaded builds yet")
    command = os.environ.get("CXX", "").split() or ["c++"]
    if shutil.which(command[0]) is None:
        raise CannotBuildError(f"no C++ compiler ({command[0]}); on Debian: apt install g++")
    headers = sysconfig.get_paths()["include"]
    if not Path(headers, "Python.h").exists():
        raise CannotBuildError(f"no Python.h in {headers}; on Debian: apt install python3-dev")
    sources = sorted(map(str, SOURCES.glob("*.cpp")))
    link = ("-shared", "-undefined", "dynamic_lookup") if sys.platform == "darwin" else ("-shared",)
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory, path.name)
        done = subprocess.run(
            [*command, *flags, "-fPIC", *link, f"-I{headers}", *sources, "-o", str(made)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CannotBuildError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        # Beside its place first: a process may have the old one open.
        beside = path.with_name(f"{path.name}.new")
        shutil.copyfile(made, beside)
        beside.replace(path)


def attempt(path: Path) -> bool:
    """Build it if it can be and shall be; whether it was."""
    wanted = os.environ.get("AIOCOLLECT_NATIVE", "")
    if wanted == "0":
        return False
    try:
        build(path)
    except CannotBuildError as error:
        if wanted == "1":
            raise
        print(f"aiocollect runs in Python, without its native core: {error}", file=sys.stderr)
        return False
    return True


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # in place, without hatchling
    pass
else:

    class NativeBuildHook(BuildHookInterface[Any]):
        """Puts the core into the wheel."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Called by hatchling before it makes the wheel."""
            if attempt(target()):
                build_data["pure_python"] = False
                build_data["infer_tag"] = True
                build_data["artifacts"].append(f"aiocollect/_native/{target().name}")


if __name__ == "__main__":
    attempt(target())
