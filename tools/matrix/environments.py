"""An environment for a cell: which interpreter, what is installed, and the core built for it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.matrix.cells import LOCKS, ROOT, Cell

__all__ = ["NotAtHandError", "interpreter", "python_of", "versions_of"]

_HOME = ROOT / "build/matrix"
# What a row of the page names of an environment.
TOLD = ("aiohttp", "azure-storage-blob", "orjson", "uvloop", "pyarrow", "numpy", "pandas", "polars")


class NotAtHandError(Exception):
    """This Python is not on this machine."""


def interpreter(version: str) -> str:
    """The Python of a version, such as "3.12": on the path, else among pyenv's. Raises
    NotAtHandError."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    found = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [found, *map(str, sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True))]
    for place in places:
        # A shim of pyenv is on the path for versions that are not chosen, and fails.
        if place and version in _said(place, "import sys; print(sys.version)"):
            return place
    raise NotAtHandError(version)


def python_of(cell: Cell) -> str:
    """The interpreter of the cell's environment, which is made where it is missing or of another
    lock. Raises NotAtHandError, and CalledProcessError if something cannot be installed."""
    base = interpreter(cell.python)
    folder = _HOME / f"{cell.python}-{cell.versions}"
    python, ready = str(folder / "bin/python"), folder / "ready"
    lock = LOCKS[cell.versions]
    mark = f"{base} {hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}"
    if not ready.exists() or ready.read_text() != mark:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", base, folder], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", python]
        if cell.versions == "newest":
            what = ["--upgrade", "--extra", "read", "--group", "dev", "-r", lock]
        else:
            what = ["--require-hashes", "-r", lock]
        subprocess.run([*install, *what], check=True, cwd=ROOT)
        subprocess.run(
            [*install, "--no-deps", "--no-build-isolation", "-e", "."],
            check=True,
            cwd=ROOT,
            env={**os.environ, "AIOCOLLECT_NATIVE": "0"},
        )
        ready.write_text(mark)
    if cell.core == "native":
        # The suffix names the interpreter: so one tree holds the cores of all.
        env = {**os.environ, "AIOCOLLECT_NATIVE": "1"}
        subprocess.run([python, "tools/build_native.py"], check=True, cwd=ROOT, env=env)
    return python


def versions_of(python: str) -> tuple[str, dict[str, str]]:
    """The exact version of an interpreter, and of what is installed beside it."""
    code = (
        "import importlib.metadata as m, platform; print(platform.python_version(), "
        f"*(m.version(name) for name in {TOLD!r}))"
    )
    exact, *found = _said(python, code).split()
    return exact, dict(zip(TOLD, found, strict=True))


def _said(python: str, code: str) -> str:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
