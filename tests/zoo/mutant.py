"""What a mutant is: one text of the package replaced by another, and what must come of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["Mutant", "Unfit"]


# What the native core stands in for.
_PYTHONS = (
    *("_core/ring.py", "_core/ids.py", "_core/lock.py", "_engine/python_path.py", "encoders/"),
)


class Unfit(Exception):
    """A mutant whose text does not stand in the code exactly once."""


class Mutant(NamedTuple):
    """``origin`` is our own risk, or project and number of a peer's bug, whose nearest form in our
    code this is. ``suites`` are tried in order, ``finding`` is what the first one that fails must
    say. ``waiting`` is the part that is not written yet, where there is one: then all else is "".
    """

    name: str
    origin: str
    file: str = ""
    old: str = ""
    new: str = ""
    suites: tuple[str, ...] = ()
    finding: str = ""
    waiting: str = ""

    @property
    def is_native(self) -> bool:
        """Whether it is in the C++ of the native core, which must be built with it."""
        return self.file.endswith((".cpp", ".hpp"))

    @property
    def is_pythons(self) -> bool:
        """Whether it is in what the native core stands in for: it shows where Python runs alone."""
        return self.file.startswith(_PYTHONS)

    def put_into(self, package: Path) -> None:
        """Change the package. Raises Unfit."""
        file = package / self.file
        source = file.read_text(encoding="utf-8") if file.is_file() else ""
        found = source.count(self.old) if self.old else 0
        if found != 1:
            raise Unfit(
                f"{self.name}: its text stands {found} times in aiocollect/{self.file}, not once; "
                "the code has changed: mend the mutant in tests/zoo"
            )
        file.write_text(source.replace(self.old, self.new), encoding="utf-8")
