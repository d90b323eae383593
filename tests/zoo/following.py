"""Bugs of followers: which rows are new, and where one goes on."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["FOLLOWING"]

_OWN: Final = "own: a follower's risk"

FOLLOWING: Final[list[Mutant]] = [
    Mutant(
        "a follower trusts ETags",
        _OWN,
        "reading/following/course.py",
        "        part.gone = None\n        if found.length > part.known:\n",
        "        if self.__dict__.get(ask.path) == found.etag:\n"
        "            return None\n"
        "        self.__dict__[ask.path] = found.etag\n"
        "        part.gone = None\n        if found.length > part.known:\n",
        ("followed",),
        "not once",
    ),
    Mutant(
        "a follower cuts at any line end",
        _OWN,
        "reading/following/course.py",
        "        end = last_row_end(data, quotes=is_csv)\n",
        "        end = last_row_end(data, quotes=False)\n",
        ("followed",),
        "not once",
    ),
    Mutant(
        "a position is kept by the blob's name",
        "apache/iceberg#12357",  # a source that was made anew is taken for the old one
        "reading/following/course.py",
        "        if mark is not None and mark.created == listed.created:\n"
        "            part.start_at(mark.at, checked=mark.checked, crc=mark.crc)\n",
        "        if mark is not None:\n            part.start_at(mark.at, checked=0, crc=0)\n",
        ("following",),
        "assert",
    ),
    Mutant(
        "a new part is taken from its end",
        "janmg/logstash-input-azure_blob_storage#36",  # what grew before it was seen is skipped
        "reading/following/course.py",
        "        elif self._from_now:\n",
        "        elif True:\n",
        ("following",),
        "assert",
    ),
    Mutant(
        "a position is saved as 0",
        "janmg/logstash-input-azure_blob_storage#30",  # everything again after a restart
        "reading/following/course.py",
        "            part.created, at, checked, crc, place.format, place.begin, place.end\n",
        "            part.created, 0, checked, crc, place.format, place.begin, place.end\n",
        ("followed",),
        "not once",
    ),
    Mutant(
        "a folder that is past is not looked at",
        _OWN,
        "reading/following/course.py",
        "            if not part.is_behind:\n",
        "            if True:\n",
        ("following",),
        "assert",
    ),
    Mutant(
        "a follower's type becomes narrower",
        _OWN,
        "reading/cells/widening.py",
        "            self._looks[name] |= looks\n",
        "            self._looks[name] = looks\n",
        ("following",),
        "assert",
    ),
    Mutant(
        "a payload's cell takes the place of the index",
        _OWN,
        "reading/cells/mdc_rows.py",
        "            rows.append({**cells, ID: correlation_id, TIME: time, ROW: index})\n",
        "            rows.append({ID: correlation_id, TIME: time, ROW: index, **cells})\n",
        ("reading others",),
        "assert",
    ),
]
