"""Builds the native core where a C++17 compiler and Python's headers are, and says so where not.

``python tools/build_native.py`` builds it in place, unless it is there already; hatchling runs it
when a wheel is built. ``AIOCOLLECT_NATIVE=0`` leaves it out, ``=1`` makes a failure an error.
Without the core the package is complete, and runs in Python. CXX, CXXFLAGS and LDFLAGS are heard.
"""

from __future__ import annotations

import os
import re
import runpy
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


def marks() -> tuple[str, str]:
    """The version and the digest of the sources: what is built into the core."""
    text = (ROOT / "aiocollect" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found
    return found[1], runpy.run_path(str(SOURCES / "digest.py"))["digest"](SOURCES)


def build(
    path: Path, flags: tuple[str, ...] = FLAGS, sources: tuple[Path, ...] | None = None
) -> None:
    """Compile the core, or other sources against its headers. Raises CannotBuildError, and leaves
    what was there."""
    compiler, headers = tools_of()
    version, digest = marks()
    link = ["-shared"]
    if sys.platform == "darwin":
        link += ["-undefined", "dynamic_lookup", *os.environ.get("ARCHFLAGS", "").split()]
    try:
        with tempfile.TemporaryDirectory() as directory:
            made = Path(directory, path.name)
            done = subprocess.run(
                [
                    *(*compiler, *flags, *os.environ.get("CXXFLAGS", "").split()),
                    *("-fPIC", f"-I{headers}", f"-I{SOURCES}"),
                    *(f'-DAIOCOLLECT_VERSION="{version}"', f'-DAIOCOLLECT_DIGEST="{digest}"'),
                    *map(str, sources or sorted(SOURCES.glob("*.cpp"))),
                    *(*link, *os.environ.get("LDFLAGS", "").split(), "-o", str(made)),
                ],
                capture_output=True,
                text=True,
                errors="replace",
            )
            if done.returncode:
                raise CannotBuildError(_first_error(compiler[0], done.stderr))
            # Beside its place first: a process may have the old one open.
            beside = path.with_name(f"{path.name}.new")
            shutil.copyfile(made, beside)
            beside.replace(path)
    except OSError as error:
        raise CannotBuildError(f"{error.filename}: {error.strerror}") from error


def tools_of() -> tuple[list[str], str]:
    """The compiler and the directory of Python's headers."""
    if sys.implementation.name != "cpython":
        raise CannotBuildError(f"it needs CPython, and this is {sys.implementation.name}")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise CannotBuildError("it does not support free-threaded builds of Python")
    if sys.platform == "win32":
        raise CannotBuildError("it needs GCC or Clang on Linux or macOS, and this is Windows")
    if sys.byteorder != "little":
        raise CannotBuildError("it needs a little-endian machine")
    chosen = os.environ.get("CXX", "").split()
    for compiler in [chosen] if chosen else [["c++"], ["g++"], ["clang++"]]:
        if shutil.which(compiler[0]):
            break
    else:
        missing = f"CXX is {chosen[0]}, which is not installed" if chosen else "no C++ compiler"
        raise CannotBuildError(f"{missing}; on Debian: apt install g++")
    headers = sysconfig.get_paths()["include"]
    if not Path(headers, "Python.h").exists():
        raise CannotBuildError(f"no Python.h in {headers}; on Debian: apt install python3-dev")
    return compiler, headers


def _first_error(compiler: str, said: str) -> str:
    """What a compiler said, in one line; all of it where the core was demanded."""
    if os.environ.get("AIOCOLLECT_NATIVE") == "1":
        return f"{compiler} failed:\n{said}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    worst = next((line for line in lines if "error" in line.lower()), (lines or ["no word"])[-1])
    return f"{compiler} failed: {worst[:200]} (AIOCOLLECT_NATIVE=1 shows all)"


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


def is_built(path: Path) -> bool:
    """Whether it stands there, built from these sources by this tool."""
    if not path.exists() or path.stat().st_mtime < Path(__file__).stat().st_mtime:
        return False
    return "\0".join((*marks(), "")).encode() in path.read_bytes()


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # in place, without hatchling
    pass
else:

    class NativeBuildHook(BuildHookInterface[Any]):
        """Puts the core into the wheel; for an editable install, beside its sources."""

        PLUGIN_NAME = "custom"
        _made: str | None = None

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Called by hatchling before it makes the wheel."""
            if version == "editable":
                if not is_built(target()):
                    attempt(target())
                return
            self._made = tempfile.mkdtemp()
            made = Path(self._made, target().name)
            if attempt(made):
                build_data["pure_python"] = False
                build_data["infer_tag"] = True
                build_data["force_include"][str(made)] = f"aiocollect/_native/{made.name}"

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            """Called by hatchling when the wheel is made."""
            if self._made is not None:
                shutil.rmtree(self._made, ignore_errors=True)


if __name__ == "__main__":
    if not is_built(target()):
        try:
            attempt(target())
        except CannotBuildError as refused:
            sys.exit(f"the native core cannot be built: {refused}")
