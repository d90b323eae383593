"""Bugs that we could have made, as data: what is replaced by what, and what that would do."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MUTANTS", "Mutant"]


class Mutant(NamedTuple):
    """``old`` stands exactly once in ``file``; ``finding`` is what the oracle must then see."""

    name: str
    file: str
    old: str
    new: str
    finding: str


MUTANTS = [
    Mutant(
        "an append without its conditions",
        "stores/memory.py",
        "if etag is not None and etag != str(blob.version):\n"
        '            raise OffsetMismatch("ConditionNotMet")\n'
        "        if offset != len(blob.data):",
        "if offset < 0:",
        "doubled",
    ),
    Mutant(
        "a first mismatch taken for not landed",
        "_core/lane.py",
        "        return self._read()\n\n    def _on_full",
        "        self.in_doubt, self._position = False, None\n"
        "        return self._open()\n\n    def _on_full",
        "doubled",
    ),
    Mutant(
        "a prefix taken for the whole batch",
        "_core/verdict.py",
        "found.data[before:] == body",
        "found.data[before:][:4] == body[:4]",
        "lost",
    ),
    Mutant(
        "an answer that says nothing taken for stored",
        "_core/lane.py",
        "    def _back_off(self, chance: float, answer: Answer) -> list[Command]:\n",
        "    def _back_off(self, chance: float, answer: Answer) -> list[Command]:\n"
        "        if self.state is State.APPENDING and self._position:\n"
        "            return self._landed(self._position)\n",
        "lost",
    ),
]
