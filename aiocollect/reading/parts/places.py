"""The inverse of a layout: which blobs are whose parts, and of which time. Pure.

A layout makes a path of names and an hour, and a part adds to its stem: ``data.csv``,
``data_1.csv``, ``data-<writer>.csv``, ``data-<writer>-1_2.csv`` (_core/parts.py, to be kept in
step). So a blob's name says everything that a reader has to know before it opens it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Final, NamedTuple

__all__ = ["PartPlace", "Places", "unescape"]

_TIMES: Final = {"yyyy": r"\d{4}", "MM": r"\d\d", "dd": r"\d\d", "HH": r"\d\d"}
_CODES: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
_PART: Final = (
    r"(?:-(?P<writer>[0-9a-f]{10})(?:-(?P<ordinal>[1-9]\d*))?)?(?:_(?P<number>[1-9]\d*))?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_escaped: Final = re.compile("~([0-9A-F]{2})")


class PartPlace(NamedTuple):
    """What a blob's name says: the names that were asked for, in the order of the template; when
    the hour, day or month begins and ends (microseconds since 1970); and which part it is. Parts of
    one time sort as tuples: shared ones first, by number. ``format``: what the rows are written in.
    """

    names: tuple[str, ...]
    begin: int
    end: int
    writer: str
    ordinal: int
    number: int
    extension: str
    format: str


class Places:
    """The paths of one template.

    ``known`` are the escaped names of its fields; what is left out is looked for. ``extensions``
    are those of the formats that can be read. ``format``: what the rows are written in; None: what
    the extension says.
    """

    def __init__(
        self,
        template: str,
        *,
        known: Mapping[str, str],
        extensions: tuple[str, ...],
        format: str | None = None,  # noqa: A002 - as users call it
    ) -> None:
        self._format = format
        fields = list(Formatter().parse(template))
        self.asked = tuple(
            dict.fromkeys(
                field
                for _, field, _, _ in fields
                if field and field not in known and field not in (*_TIMES, "extension")
            )
        )
        self._times = tuple(
            name for name in _TIMES if any(field == name for _, field, _, _ in fields)
        )
        self._pieces: list[tuple[str, str]] = []  # (text, "") or ("", field)
        for text, field, _, _ in fields:
            if text:
                self._pieces.append((text, ""))
            if field is not None:
                self._pieces.append((known[field], "") if field in known else ("", field))
        # The piece that has the last dot, as far as one knows before a path is made.
        self._dot = max(
            (at for at, (text, _) in enumerate(self._pieces) if "." in text), default=-1
        )
        self._is_ours = re.compile(self._pattern(extensions)).fullmatch

    def __repr__(self) -> str:
        return f"<Places below {self.prefix()}>"

    def prefix(self, begin: int | None = None, end: int | None = None) -> str:
        """What all paths begin with; of a span of time, as far as it has its fields in common."""
        prefix = ""
        for at, (text, field) in enumerate(self._pieces):
            if field not in _TIMES:
                if field:
                    break
                if at == self._dot:  # parts add to what stands before it
                    return prefix + text.rpartition(".")[0]
                prefix += text
                continue
            if begin is None or end is None or end <= begin:
                break
            first, last = (_clock(moment).strftime(_CODES[field]) for moment in (begin, end - 1))
            longer = "".join(list(_CODES.values())[: list(_TIMES).index(field)])
            if first != last or (
                _clock(begin).strftime(longer) != _clock(end - 1).strftime(longer)
            ):
                break
            prefix += first.zfill(4) if field == "yyyy" else first
        return prefix

    @property
    def longest(self) -> int:
        """The longest time of one folder, in microseconds."""
        days = 1 if {"HH", "dd"} & set(self._times) else 31 if "MM" in self._times else 366
        return days * 86_400_000_000

    def find(self, path: str) -> PartPlace | None:
        """What the name of a blob says; None where it is none of these."""
        found = self._is_ours(path)
        if found is None:
            return None
        said = found.groupdict(default="")
        try:
            begin, end = self._span(said)
        except ValueError:  # the 31st of February
            return None
        return PartPlace(
            tuple(unescape(said[name]) for name in self.asked),
            begin,
            end,
            said.get("writer", ""),
            int(said.get("ordinal") or 0),
            int(said.get("number") or 0),
            said.get("extension", ""),
            self._format or said.get("extension") or "csv",
        )

    def _pattern(self, extensions: tuple[str, ...]) -> str:
        """Parts go before the last dot of the path, or to its end where it has none."""
        endings = "|".join(map(re.escape, extensions))
        pattern, seen = "", set()
        for at, (text, field) in enumerate(self._pieces):
            if not field:
                if at == self._dot:
                    stem, _, rest = text.rpartition(".")
                    pattern += re.escape(stem) + _PART + r"\." + re.escape(rest)
                else:
                    pattern += re.escape(text)
            elif field in seen:
                pattern += f"(?P={field})"
            else:
                seen.add(field)
                # As short as can be, so that what a part adds to a name is not taken for the name.
                kind = endings if field == "extension" else _TIMES.get(field, "[^/]+?")
                pattern += f"(?P<{field}>{kind})"
        return pattern if self._dot >= 0 else pattern + _PART

    def _span(self, said: Mapping[str, str]) -> tuple[int, int]:
        year, month, day, hour = (
            int(said.get(name) or low) for name, low in zip(_TIMES, (1, 1, 1, 0), strict=True)
        )
        begin = datetime(year, month, day, hour, tzinfo=UTC)
        if "HH" in self._times:
            length = timedelta(hours=1)
        elif "dd" in self._times:
            length = timedelta(days=1)
        elif "MM" in self._times:
            length = timedelta(days=31 - (begin + timedelta(days=31)).day + 1)
        else:
            length = timedelta(days=366 if _is_leap(year) else 365)
        first = (begin - _EPOCH) // timedelta(microseconds=1)
        return first, first + length // timedelta(microseconds=1)


def unescape(segment: str) -> str:
    """The name that layouts/names.py has made a segment of."""
    if "~" not in segment:
        return segment
    data = _escaped.sub(lambda found: chr(int(found[1], 16)), segment).encode("latin-1", "replace")
    return data.decode("utf-8", "replace")


def _clock(moment: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
