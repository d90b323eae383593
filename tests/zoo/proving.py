"""Bugs of the log and of its verifier: what would prove too much, or cry without a cause."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["PROVING"]

_OWN: Final = "own: a verifier's risk"
_LOG: Final = "own: a log's risk"

PROVING: Final[list[Mutant]] = [
    Mutant(
        "a verifier that counts only",
        _OWN,
        "reading/proving/vouching.py",
        "(self.good if self._crc == record.crc else self.bad).append(record)",
        "self.good.append(record)",
        ("planted damages",),
        "proven",
    ),
    Mutant(
        "a verifier that trusts the end of the log",
        _OWN,
        "reading/proving/judging.py",
        "        if not life.closed:\n",
        "        if False:\n",
        ("planted damages",),
        "set()",
    ),
    Mutant(
        "a verifier that ignores the chain",
        _OWN,
        "reading/log/files.py",
        "        if not (found.follows or unchecked):\n",
        "        if False:\n",
        ("planted damages",),
        "& {'chain'}",
    ),
    Mutant(
        "a verifier that does not look at bytes that no record has",
        _OWN,
        "reading/proving/vouching.py",
        "                self._leave(at, stop)\n",
        "",
        ("planted damages",),
        "proven",
    ),
    Mutant(
        "a verifier that takes any blob of the name",
        _OWN,
        "reading/proving/judging.py",
        '            alive = {part.created, ""}',
        "            alive = {one.created for one in told}",
        ("planted damages",),
        "proven",
    ),
    Mutant(
        "a verifier that asks for no number",
        _OWN,
        "reading/proving/judging.py",
        "        for first, last in tiling.holes:\n",
        "        for first, last in ():\n",
        ("planted damages",),
        "& {'lost'}",
    ),
    Mutant(
        "a verifier that takes a signed log without its key",
        _OWN,
        "reading/log/files.py",
        '                self._break("unchecked", "")\n',
        "                pass\n",
        ("planted damages",),
        "& {'unchecked'}",
    ),
    Mutant(
        "adopted rows told as one's own",
        _LOG,
        "_delivery/log.py",
        "            if one.life and one.life != writer:\n",
        "            if False:\n",
        ("verified lives",),
        "false alarm",
    ),
    Mutant(
        "rows that no encoder takes are told by nobody",
        _LOG,
        "_delivery/log.py",
        '                    self.took(records[-1]["s"], end.rows)  # no encoder took them\n',
        "                    records.pop()\n",
        ("log",),
        "unaccounted",
    ),
    Mutant(
        "the log closes before the rows have ended",
        _LOG,
        "_engine/lifecycle.py",
        '        delivery.give_up("closed")\n',
        '        await delivery.close_log(1.0)\n        delivery.give_up("closed")\n',
        ("verified lives",),
        "Outcome",
    ),
    Mutant(
        "batches that wait for a line are forgotten while an append is under way",
        _LOG,
        "_delivery/log_sender.py",
        "        if self._due:\n            self._is_due()\n",
        "        if self._due:\n            self.seal()\n",
        ("log",),
        "== 12",
    ),
    Mutant(
        "a line is chained, and finds no room",
        _LOG,
        "_delivery/log.py",
        '            self._sender.lose(told, "full")\n',
        '            self._sender.lose(told, "full")\n'
        "            [self._chain.line(record) for record in records]\n",
        ("log",),
        "- consistent",
    ),
]
