"""The built wheel in an empty environment: installs with the core dependencies alone, and runs.

Builds the wheel, makes a virtual environment, installs only the wheel and what it names, and runs
``aiocollect demo --seconds 5 --json`` in it. Exits 1 where the demo's verdict is not good.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 5


def main() -> int:
    """Build, install, run, and look at the last line."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run(
            [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(home), str(ROOT)],
            check=True,
        )
        (wheel,) = home.glob("aiocollect-*.whl")
        venv.create(home / "venv", with_pip=True)
        binaries = home / "venv" / "bin"
        # The versions that the rest of the gate was run with.
        locked = ROOT / "requirements-dev.txt"
        constraints = home / "constraints.txt"
        constraints.write_text(
            "".join(
                line.split(" \\")[0].split(" ;")[0] + "\n"
                for line in locked.read_text().splitlines()
                if line and not line.startswith((" ", "#")) and "python_full_version" not in line
            )
        )
        subprocess.run(
            [
                *(binaries / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"),
                *("install", "-c", str(constraints), str(wheel)),
            ],
            check=True,
        )
        run = subprocess.run(
            [binaries / "aiocollect", "demo", "--seconds", str(SECONDS), "--json"],
            cwd=home,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        verdict = json.loads(run.stdout.splitlines()[-1])["verdict"]
        if run.returncode or verdict != "good":
            print(run.stdout)
        print(f"the wheel's demo in an empty environment: exit {run.returncode}, {verdict}")
        return 0 if verdict == "good" else 1


if __name__ == "__main__":
    sys.exit(main())
