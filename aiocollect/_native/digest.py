"""What an extension was built from, so that one of other sources is never used.

The build (tools/build_native.py) writes it into the extension, and whoever imports that compares.
Only the standard library is imported here: the build runs this file by itself.
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

__all__ = ["digest"]


def digest(directory: Path) -> str:
    """Of all sources in the directory, their names and texts; "" where there are none, as in an
    installed package."""
    found = 0
    for path in sorted((*directory.glob("*.cpp"), *directory.glob("*.hpp"))):
        found = crc32(path.read_bytes(), crc32(path.name.encode(), found))
    return f"{found:08x}" if found else ""
