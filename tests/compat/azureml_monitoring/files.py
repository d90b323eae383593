"""What the v1 drop-in has written, for its tests."""

from __future__ import annotations

import csv
import re
from pathlib import Path

ID = "$aml_dc_correlation_id"


def stored(tmp_path: Path) -> dict[str, list[list[str]]]:
    """The rows of each file, header first, by its path; a writer's own id as <writer>."""
    found = {}
    for path in sorted((tmp_path / "store").rglob("*.csv")):
        name = path.relative_to(tmp_path / "store").as_posix()
        with path.open(newline="", encoding="utf-8") as file:
            found[re.sub(r"-[0-9a-f]{10}\b", "-<writer>", name)] = list(csv.reader(file))
    return found


def rows(tmp_path: Path, width: int) -> list[list[str]]:
    """The first ``width`` cells of all rows of the one file."""
    (found,) = stored(tmp_path).values()
    return [row[:width] for row in found]
