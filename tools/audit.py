"""Audit the locked dependencies against the advisories that are known today.

    python -m tools.audit                 in the environment .venv-audit, made where there is none

pip-audit asks PyPI for the advisories of each pinned version. Exits 0 where there are none, 1 where
there are some, and 3, in plain words, where nobody could be asked: no answer is no clean bill.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-audit"
NOT_ASKED = 3


def main() -> int:
    """The exit code."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, "pip-audit>=2.7"], check=False).returncode:
        return _not_asked("pip-audit could not be installed")
    ran = subprocess.run(
        [python, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off",
         "-r", ROOT / "requirements.txt"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(ran.stdout, end="")
    if ran.returncode == 0:
        # Where its index has no such pages it skips what it cannot ask about, and exits 0.
        skipped = "Skip Reason" in ran.stdout
        return _not_asked("the packages above were skipped") if skipped else 0
    if "found" in ran.stderr.lower() and "vulnerabilit" in ran.stderr.lower():
        print(ran.stderr, end="", file=sys.stderr)
        return 1
    last = ran.stderr.strip().splitlines()[-1:] or ["it said nothing"]
    return _not_asked(f"pip-audit failed: {last[0]}")


def _not_asked(why: str) -> int:
    print(f"NOT AUDITED: {why[:300]}. Try where PyPI can be asked.",
          file=sys.stderr)  # fmt: skip
    return NOT_ASKED


if __name__ == "__main__":
    sys.exit(main())
