"""The record of what was proven: docs/explanation/proofs.json, one entry for each proof and code.

An entry adds up for as long as its suite, core, code and interpreter are the same. When the code
has changed a new one begins, and the older one keeps its sums and failures alone.

Invariant: a shard is in the record wholly or not at all, also when two runs write at once, or one
is killed: the file is read, changed and replaced under a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from .code import ROOT
from .suites import Item
from .tally import Tally

__all__ = ["PATH", "Entry", "Key", "Record"]

PATH: Final = ROOT / "docs/explanation/proofs.json"
_ABOUT: Final = "Written by make proof (tests/proof); shown in proofs.md"


class Key(NamedTuple):
    """What must be the same for two shards to add up. ``way``: "native" or "python"."""

    suite: str
    way: str
    code: str
    python: str


@dataclass(slots=True)
class Entry:
    """What was run of one key. ``revision``: of the latest shard; ``days``: the first and the last
    one. ``goal``: how many units of the suite, over both cores, make it complete. ``died``: shards
    that did not come to their end, with the seed and what it said."""

    key: Key
    revision: str = ""
    days: tuple[str, str] = ("", "")
    goal: int = 0
    done: list[Item] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    died: dict[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> dict[str, str]:
        """All that went wrong, by seed."""
        return {**self.tally.failed, **self.died}

    def touch(self, day: str, revision: str, goal: int) -> None:
        """Something was run."""
        self.revision, self.goal = revision, goal
        self.days = (min(self.days[0] or day, day), max(self.days[1], day))

    def as_json(self, *, whole: bool) -> dict[str, Any]:
        """``whole``: with which shards were run, and all counts."""
        told = {**self.key._asdict(), "revision": self.revision, "days": list(self.days)}
        told["goal"] = self.goal
        told |= self.tally.as_json() | {"died": dict(sorted(self.died.items()))}
        if whole:
            told["done"] = sorted(self.done, key=lambda item: (str(type(item)), item))
        else:
            told["counts"] = {"faults": {"all": self.tally.of("faults").total()}}
        return told

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Entry:
        """What as_json() gave."""
        key = Key(*(told[name] for name in Key._fields))
        first, last = told["days"]
        done, tally = list(told.get("done", ())), Tally.of_json(told)
        goal, died = told["goal"], dict(told["died"])
        return cls(key, told["revision"], (first, last), goal, done, tally, died)


class Record:
    """A file of entries."""

    def __init__(self, path: Path = PATH) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<Record of {self.path}>"

    def entries(self) -> dict[Key, Entry]:
        """All of them."""
        if not self.path.exists():
            return {}
        told = json.loads(self.path.read_text(encoding="utf-8"))
        return {entry.key: entry for entry in map(Entry.of_json, told["proofs"])}

    def newest(self) -> dict[str, list[Entry]]:
        """Of each suite what was run of the code that was proven last."""
        whole = _newest((entries := self.entries()).values())
        found: dict[str, list[Entry]] = {}
        for key in whole:
            found.setdefault(key.suite, []).append(entries[key])
        return found

    def add(
        self, key: Key, item: Item, tally: Tally, *, day: str, revision: str, goal: int
    ) -> Entry:
        """A shard has come to its end."""
        with self._changing() as entries:
            entry = entries.setdefault(key, Entry(key))
            if item not in entry.done:
                entry.done.append(item)
                entry.tally.add(tally)
                entry.touch(day, revision, goal)
        return entry

    def died(self, key: Key, seed: str, said: str, *, day: str, revision: str, goal: int) -> Entry:
        """A shard has ended in the midst of a seed: that seed has failed, the shard is not done."""
        with self._changing() as entries:
            entry = entries.setdefault(key, Entry(key))
            entry.died[seed] = " ".join(said.split())[:300]
            entry.touch(day, revision, goal)
        return entry

    def forget(self, suite: str, code: str) -> None:
        """Begin a suite of this code anew, as after a failure that was the machine's."""
        with self._changing() as entries:
            for key in [key for key in entries if (key.suite, key.code) == (suite, code)]:
                del entries[key]

    @contextmanager
    def _changing(self) -> Iterator[dict[Key, Entry]]:
        lock = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self.entries()
            yield entries
            self._write(entries)
        finally:
            os.close(lock)

    def _write(self, entries: dict[Key, Entry]) -> None:
        whole = _newest(entries.values())
        told = [entry.as_json(whole=key in whole) for key, entry in entries.items()]
        text = json.dumps({"about": _ABOUT, "proofs": told}, indent=1, ensure_ascii=False)
        new = self.path.with_suffix(".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self.path)


def _newest(entries: Iterable[Entry]) -> list[Key]:
    """Of each suite the keys of the code that was begun last."""
    keys = [entry.key for entry in entries]
    last = {key.suite: (key.code, key.python) for key in keys}
    return [key for key in keys if last[key.suite] == (key.code, key.python)]
