"""The built wheels in empty environments: install with the core dependencies alone, and run.

Makes the source distribution, and of it a wheel with the native core and a pure one, as pip would.
Each is installed with what it names into a virtual environment of its own, says which core it has,
and runs ``aiocollect demo --seconds 3 --json``. Without a compiler there is the pure one alone.
Exits 1 where something is not as it should be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from tools.build_native import CannotBuildError, tools_of

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 3
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def main() -> int:
    """Build, install, run, and look at the last line."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(home)],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        (sdist,) = home.glob("aiocollect-*.tar.gz")
        good = try_wheel(home / "pure", sdist, native=False)
        try:
            tools_of()
        except CannotBuildError as error:
            print(f"no wheel with the native core was tried: {error}")
            return 0 if good else 1
        return 0 if try_wheel(home / "native", sdist, native=True) and good else 1


def try_wheel(home: Path, sdist: Path, *, native: bool) -> bool:
    """Whether the wheel of this kind is what it should be, and works."""
    environment = {**os.environ, "AIOCOLLECT_NATIVE": "1" if native else "0"}
    wheel = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(home), str(sdist)]
    subprocess.run(wheel, check=True, env=environment)
    (made,) = home.glob("aiocollect-*.whl")
    names = zipfile.ZipFile(made).namelist()
    version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    tagged = f"-{version}-{version}-" in made.name if native else "-py3-none-any." in made.name
    carries = any("/_native/core." in name for name in names)
    if not tagged or carries != native or any(name.endswith((".cpp", ".hpp")) for name in names):
        print(f"{made.name} should {'' if native else 'not '}have a native core, and no sources")
        return False
    binaries = home / "venv" / "bin"
    venv.create(home / "venv", with_pip=False)
    install = [*PIP, "--python", str(binaries / "python"), "install", "-c", str(locked(home))]
    subprocess.run([*install, str(made)], check=True)
    del environment["AIOCOLLECT_NATIVE"]
    told = run(binaries, home, environment, "--version").stdout.strip()
    wanted = "core: native" if native else "core: Python (no native core is built"
    demo = run(binaries, home, environment, "demo", "--seconds", str(SECONDS), "--json")
    verdict = json.loads(demo.stdout.splitlines()[-1])["verdict"]
    good = verdict == "good" and demo.returncode == 0 and wanted in told
    if not good:
        print(demo.stdout)
    print(f"{made.name} in an empty environment: {told}; demo: exit {demo.returncode}, {verdict}")
    return good


def run(
    binaries: Path, home: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The installed command, away from the checkout."""
    return subprocess.run(
        [binaries / "aiocollect", *arguments],
        cwd=home, env=environment, stdout=subprocess.PIPE, text=True, timeout=120, check=False,
    )  # fmt: skip


def locked(home: Path) -> Path:
    """Constraints: the versions that the rest of the gate was run with."""
    path = home / "constraints.txt"
    path.write_text(
        "".join(
            line.split(" \\")[0].split(" ;")[0] + "\n"
            for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
            if line and not line.startswith((" ", "#")) and "python_full_version" not in line
        )
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
