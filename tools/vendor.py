"""Puts what the page is served with into the package: ``make vendor``, after a change of
tools/vendor/package.json. Needs npm; nothing else of the project does for the page.

Each file is written down with its checksum in VENDOR.json, which a test holds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tools" / "vendor"
THERE = ROOT / "aiocollect" / "page" / "static" / "vendor"
# What is taken of each package, and the name it gets.
TAKEN = {
    "uplot": {
        "dist/uPlot.iife.min.js": "uPlot.iife.min.js",
        "dist/uPlot.min.css": "uPlot.min.css",
        "LICENSE": "uPlot.LICENSE",
    }
}


def main() -> None:
    """Install by the lock, copy, and write the checksums down."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=HERE, check=True)
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    THERE.mkdir(parents=True, exist_ok=True)
    found = {}
    for package, names in TAKEN.items():
        lock = locked[f"node_modules/{package}"]
        sums = {}
        for source, name in names.items():
            shutil.copyfile(HERE / "node_modules" / package / source, THERE / name)
            sums[name] = hashlib.sha256((THERE / name).read_bytes()).hexdigest()
        found[package] = {key: lock[key] for key in ("version", "license", "integrity")}
        found[package]["sha256"] = sums
    (THERE / "VENDOR.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
