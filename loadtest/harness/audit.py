"""The auditor: what was answered, against what is stored, by keys. A run that it finds fault with
has no figures.

It reads the blobs with the plain SDK and Python's own csv and json, and shares nothing with what it
judges. A row's key is its first cell.
"""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from testkit.verdict import Verdict

__all__ = ["FORMATS", "KeyVerdict", "judge", "read_keys"]


@dataclass(slots=True, kw_only=True)
class KeyVerdict(Verdict):
    """In rows. ``lost`` ones were answered and are not stored, ``foreign`` ones were never offered;
    ``stored`` counts copies too."""

    offered: int
    answered: int

    def figures(self) -> dict[str, Any]:
        """For the report."""
        names = ("offered", "answered", "stored", "lost", "doubled", "foreign", "good")
        return {name: getattr(self, name) for name in names}


def judge(offered: Iterable[int], answered: Iterable[int], stored: Iterable[int]) -> KeyVerdict:
    """Compare keys."""
    wanted, known = set(answered), set(offered)
    found = Counter(stored)
    return KeyVerdict(
        offered=len(known),
        answered=len(wanted),
        stored=found.total(),
        lost=len(wanted - found.keys()),
        doubled=found.total() - len(found),
        foreign=len(found.keys() - known),
    )


def read_keys(paths: Iterable[Path]) -> list[int]:
    """What generators have written."""
    keys = array("Q")
    for path in paths:
        keys.frombytes(path.read_bytes())
    return list(keys)


def _csv(data: bytes) -> Iterator[int]:
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    next(rows, None)
    return (int(float(row[0])) for row in rows)


def _bare(data: bytes) -> Iterator[int]:
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return (int(float(row[0])) for row in rows if row)


def _jsonl(data: bytes) -> Iterator[int]:
    return (int(json.loads(line)["key"]) for line in data.splitlines())


def _envelopes(data: bytes) -> Iterator[int]:
    for line in data.splitlines():
        for row in json.loads(line)["data"]:
            yield int(row["key"])


# "csv": with a header in each blob; "bare": without; "envelopes": of azureml's sidecar.
FORMATS: Final[Mapping[str, Callable[[bytes], Iterator[int]]]] = {
    "csv": _csv,
    "bare": _bare,
    "jsonl": _jsonl,
    "envelopes": _envelopes,
}
