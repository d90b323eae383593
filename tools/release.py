"""What a release needs to know of the tree: its version, and its section of the changelog.

``python tools/release.py check v0.2.0`` exits 1 and says why if tag, package and changelog do not
agree; ``notes v0.2.0`` prints the section.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r"^## (?P<version>\S+) - (?P<day>.+)$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """The entry point; returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("check", "notes"):
        print("use: release.py check|notes TAG", file=sys.stderr)
        return 2
    verb, tag = arguments
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if verb == "notes":
        print(notes(changelog, tag.removeprefix("v")))
        return 0
    version = (ROOT / "aiocollect/_version.py").read_text(encoding="utf-8")
    found = list(obstacles(tag, version=version, changelog=changelog))
    for obstacle in found:
        print(obstacle, file=sys.stderr)
    return 1 if found else 0


def obstacles(tag: str, *, version: str, changelog: str) -> list[str]:
    """Why this tag cannot be a release of these texts; empty if it can."""
    wanted = tag.removeprefix("v")
    found = []
    if not re.fullmatch(r"v\d+\.\d+\.\d+(rc\d+)?", tag):
        found.append(f"the tag is {tag}: a release is v1.2.3, or v1.2.3rc1")
    if f'"{wanted}"' not in version:
        found.append(f"aiocollect/_version.py does not say {wanted}: it says {version.strip()!r}")
    first = _HEADING.search(changelog)
    if first is None or first["version"] != wanted:
        found.append(f"the first section of CHANGELOG.md is not of {wanted}")
    elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", first["day"]):
        found.append(f"CHANGELOG.md has no date for {wanted}: it says {first['day']!r}")
    return found


def notes(changelog: str, version: str) -> str:
    """The section of a version, without its heading. Raises SystemExit if there is none."""
    sections = list(_HEADING.finditer(changelog))
    for number, heading in enumerate(sections):
        if heading["version"] == version:
            end = sections[number + 1].start() if number + 1 < len(sections) else len(changelog)
            return changelog[heading.end() : end].strip()
    raise SystemExit(f"CHANGELOG.md has no section of {version}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
