"""Bugs of compaction: a row in no file, or in two; and of followers over compacted days."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["COMPACTING"]

_OWN: Final = "own: a compactor's risk"

COMPACTING: Final[list[Mutant]] = [
    Mutant(
        "compaction: the last one overwrites",
        _OWN,
        "stores/memory/store.py",
        "        if path in self._blobs:\n            return False\n        blob = self._make",
        "        blob = self._make",
        ("compaction", "compaction lives"),
        "assert",
    ),
    Mutant(
        "compaction: no watermark",
        _OWN,
        "reading/compacted/footer.py",
        "            marks[key] = max(marks.get(key, 0), end)\n",
        "            marks[key] = 0\n",
        ("compaction",),
        "assert",
    ),
    Mutant(
        "compaction: a watermark is kept by the part's name",
        _OWN,
        "reading/planning/planner.py",
        "            mark = fold.marks.get((part.path, part.created), 0)\n",
        "            mark = dict((path, end) for (path, _), end in fold.marks.items()).get(\n"
        "                part.path, 0\n"
        "            )\n",
        ("compaction",),
        "assert",
    ),
    Mutant(
        "compaction: what comes back counts again",
        _OWN,
        "reading/planning/planner.py",
        "                checked = day_of(part.begin) in incomplete\n",
        "                checked = False\n",
        ("compaction",),
        "assert",
    ),
    Mutant(
        "compaction: parts go that are not wholly in files",
        _OWN,
        "compaction/removal.py",
        "        if fold.marks.get((part.path, part.created), 0) < part.length:\n",
        "        if (part.path, part.created) not in fold.marks:\n",
        ("compaction", "compaction lives"),
        "assert",
    ),
    Mutant(
        "compaction: the file is not read back",
        _OWN,
        "compaction/writing.py",
        "        if self._read_back(length) != source:\n",
        "        if False:\n",
        ("sorting",),
        "DID NOT RAISE",
    ),
    Mutant(
        "compaction: a piece is opened too late",
        _OWN,
        "compaction/sorting.py",
        "            while later and (until is None or later[-1].first <= until):\n",
        "            while later and (until is None or later[-1].first < until):\n",
        ("sorting",),
        "assert",
    ),
    Mutant(
        "a reader lists the files before the parts",
        _OWN,
        "reading/planning/planner.py",
        "            parts = await self.parts(catalog, version, stream)\n"
        "            try:\n"
        "                parts, _ = await self.united(catalog, version, stream, parts)\n",
        "            files, fold = await self.united(catalog, version, stream, [])\n"
        "            parts = await self.parts(catalog, version, stream)\n"
        "            marks = {p: fold.marks.get((p.path, p.created), 0) for p, _ in parts}\n"
        "            parts = [(p._replace(start=marks[p]), at) for p, at in parts]\n"
        "            parts = [(p, at) for p, at in parts if p.start < p.length]\n"
        "            try:\n"
        "                parts = [*files, *parts]\n",
        ("compacted lives",),
        "rows are missing",
    ),
    Mutant(
        "delta: a version that others have put is passed over",
        "delta-io/delta-rs#2580",  # the same transaction is written twice
        "compaction/delta.py",
        "            if not await self._put(name, data, _JSON):\n                return False\n",
        "            await self._put(name, data, _JSON)\n",
        ("delta",),
        "assert",
    ),
    Mutant(
        "delta: the log does not say how far a part is in it",
        _OWN,
        "compaction/delta.py",
        "            app_transactions=[delta.Transaction(app, version) for app, version in "
        "apps.items()]\n",
        "            app_transactions=[]\n",
        ("delta",),
        "assert",
    ),
    Mutant(
        "delta: a day decides the types of all",
        _OWN,
        "compaction/delta.py",
        "                type_ = self._columns.get(name)\n",
        "                type_ = None\n",
        ("delta",),
        "DID NOT RAISE",
    ),
    Mutant(
        "a follower hands out what the files of a snapshot have",
        _OWN,
        "reading/following/removed.py",
        "await _marks_in(store, self.files, places) | course.marks",
        "course.marks",
        ("compacted days",),
        "assert",
    ),
    Mutant(
        "a follower passes over days that were removed",
        _OWN,
        "reading/following/removed.py",
        "        return begin > newest\n",
        "        return False\n",
        ("compacted days",),
        "DID NOT RAISE",
    ),
]
