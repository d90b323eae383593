"""Bugs of the pages: what they ask of a store, and what leaves them."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["PAGES"]

_OWN: Final = "own: a page's risk"

PAGES: Final[list[Mutant]] = [
    Mutant(
        "the data page reads a live blob again and again",
        _OWN,
        "page/data/known.py",
        "        return kept.mark != mark and self._clock() - kept.at >= rest\n",
        "        return kept.mark != mark or self._clock() - kept.at >= rest\n",
        ("data page",),
        "assert 'verifying",
    ),
    Mutant(
        "what did not fit is asked for again at once",
        _OWN,
        "page/data/copies.py",
        "            if begin >= lost or wait <= 0:\n",
        "            if begin >= lost or wait <= self._rest:\n",
        ("copies",),
        "== []",
    ),
    Mutant(
        "the end of a torn file is kept",
        _OWN,
        "page/data/copies.py",
        "        if known is None or not known.committed or end > known.length:\n",
        "        if known is None or end > known.length:\n",
        ("copies",),
        "b'torn' == b'mend'",
    ),
    Mutant(
        "names of categories leave unasked",
        _OWN,
        "page/data/figures.py",
        '            "labels": bars[2] if values else None,\n',
        '            "labels": bars[2] if values or not some.numbers else None,\n',
        ("data page",),
        "is False",
    ),
    Mutant(
        "a day that cannot be read takes its verdict along",
        _OWN,
        "page/data/known.py",
        "            self._unreadable[key] = parts.mark, str(error)\n",
        "            raise\n",
        ("data page",),
        "SchemaConflict",
    ),
    Mutant(
        "a profile of two days counts the first one twice",
        _OWN,
        "reading/profiles/drift.py",
        "            self._counts[key >> more] = self._counts.get(key >> more, 0) + count\n",
        "            self._counts[key >> more] = 2 * self._counts.get(key >> more, 0) + count\n",
        ("drift",),
        "23835",
    ),
    Mutant(
        "pages of other sites press the buttons",
        _OWN,
        "page/answers.py",
        '        return _text(403, "only this page itself may press a button")\n',
        "        panel.shown()\n",
        ("panel",),
        "== 403",
    ),
    Mutant(
        "the demo's script presses what a person has pressed",
        _OWN,
        "demo/script.py",
        "        self._due.pop(name, None)\n        if self._until",
        "        if self._until",
        ("demo script",),
        "AssertionError",
    ),
    Mutant(
        "an answer that the demo loses is of an append that never landed",
        _OWN,
        "demo/faults.py",
        "        done = await self._store.append(path, data, offset=offset, etag=etag)\n"
        "        self._faults.after_append()\n        return done\n",
        "        self._faults.after_append()\n"
        "        return await self._store.append(path, data, offset=offset, etag=etag)\n",
        ("demo faults",),
        "length",
    ),
]
