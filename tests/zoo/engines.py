"""Bugs of splits, of declared types, and of the figures of drift."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["ENGINES"]

_OWN: Final = "own: a reader's risk"

ENGINES: Final[list[Mutant]] = [
    Mutant(
        "splits: a row that waited for its partner is left behind",
        _OWN,
        "reading/join/joiner.py",
        "            if at == first > 0 and any(map(has_others, tables.values())):\n",
        "            if False:\n",
        ("splits",),
        "assert Counter(",
    ),
    Mutant(
        "splits: a row that waits comes from two of them",
        _OWN,
        "reading/join/joiner.py",
        "            if not any(map(has_others, ahead.values())):\n",
        "            if True:\n",
        ("splits",),
        "assert Counter(",
    ),
    Mutant(
        "splits: a folder falls between two",
        _OWN,
        "reading/parts/portions.py",
        "            groups.append((first, at + 1, sum_ + size))\n",
        "            groups.append((first, at, sum_ + size))\n",
        ("splits",),
        "assert [",
    ),
    Mutant(
        "splits: a cut where the log says, unproven",
        _OWN,
        "reading/log/cuts.py",
        "    return crc32(data) == crc\n",
        "    return True\n",
        ("splits",),
        "assert [",
    ),
    Mutant(
        "a snapshot forgets the declared types",
        _OWN,
        "reading/parts/plan.py",
        "    types = {stream: dict(types) for stream, types in plan.declared.items() if types}\n",
        "    types: dict[str, Any] = {}\n",
        ("declared types",),
        "== 'double'",
    ),
    Mutant(
        "cells are taken for what was declared",
        _OWN,
        "reading/cells/declared.py",
        '    if not kinds <= _KINDS[word] or kinds == {"moment", "instant"}:\n',
        "    if False:\n",
        ("declared types",),
        "declared",
    ),
    Mutant(
        "drift: negative numbers are in the order of their bits",
        _OWN,
        "reading/profiles/drift.py",
        "    return pc.if_else(pc.less(bits, 0), pc.bit_wise_xor(bits, _ALL_BUT_SIGN), bits)\n",
        "    return bits\n",
        ("drift",),
        "assert [",
    ),
    Mutant(
        "drift: the bins are those of today",
        _OWN,
        "reading/profiles/drift.py",
        "        edges = baseline.edges()\n",
        "        edges = now.edges()\n",
        ("profile",),
        " < 0.2",
    ),
    Mutant(
        "drift: a label that says nothing has a delay",
        _OWN,
        "reading/profiles/profile.py",
        "table.filter(ours if says is None else pc.and_(ours, says))",
        "table.filter(ours)",
        ("profile",),
        "assert 158 == 157",
    ),
]
