"""The long form of test_names.py: a million hostile names, from one seed.

    python -m tests.property.hostile_names --names 1000000

Each becomes a segment that reads back, stays in its place under URL normalisation, and belongs to
no other name. Exits 1, and shows the name, where one does not.
"""

from __future__ import annotations

import argparse
import sys
from random import Random
from urllib.parse import unquote_to_bytes

import yarl

from aiocollect.layouts.names import escape

# What URLs, file systems, shells and Unicode read their own way; and plain letters between.
PIECES = [
    *"./\\~%?#&=+:;@!$*'\"()[]{}<>|^` \t\n\r\0\x7f",
    *("..", "%2e", "%2F", "~2E", "%252e", "\u202e", "\ufeff", "\u0308", "\uff0e", "\u2024"),
    *(
        "e\u0301",
        "é",
        "ü",
        "ß",
        "İ",
        "日本",
        "\U0001d4b3",
        "👩\u200d💻",
        "\ud7ff",
        "\ue000",
        "\U0010ffff",
    ),
    *("CON", "nul", "aux.csv", "-rf", "$(id)", "data", "Z", "a", "0", "_"),
]
SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~")


def objection(name: str, segment: str) -> str:
    """What is wrong with the segment of a name; "" where nothing is."""
    if not SAFE.issuperset(segment) or segment in ("", ".", "..") or segment.endswith("."):
        return "not safe"
    if unquote_to_bytes(segment.replace("~", "%")).decode() != name:
        return "does not read back"
    url = yarl.URL(f"https://a.blob.core.windows.net/container/x/{segment}/y")
    if url.raw_path != f"/container/x/{segment}/y":
        return "is changed by URL normalisation"
    return ""


def main() -> int:
    """Try so many names; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = Random(options.seed)
    seen: dict[str, str] = {}
    for _ in range(options.names):
        name = "".join(random.choices(PIECES, k=random.randint(1, 6)))
        segment = escape(name, what="model")
        wrong = objection(name, segment)
        if seen.setdefault(segment, name) != name:
            wrong = f"is that of {seen[segment]!a} too"
        if wrong:
            print(f"{name!a} becomes {segment!r}, which {wrong}")
            return 1
    print(f"{options.names} names, {len(seen)} of them different, none out of its place")
    return 0


if __name__ == "__main__":
    sys.exit(main())
