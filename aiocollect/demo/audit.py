"""The auditor: the answers of the clients, against what is stored. It knows nothing else.

From the clients come the 200 answers, with the rows that were sent; from the store come the files,
read by Python's own csv module. It imports nothing of the package's core, so that no mistake of the
package can hide from it. Each answered row must be stored exactly once in each stream of its model,
whole, with equal values (numbers bit for bit), in the folder of its day.

- *lost*: answered, and not stored. *doubled*: stored again, answered or not. *torn*: a line that
  is not a whole row, or a file that does not end in a newline. *wrong*: stored with another value.
  *misplaced*: in the folder of another day than its scoring time. *unrecorded*: answered without
  an id.
- *unclaimed* rows are stored, and no client has their answer: it was lost on its way. That is no
  fault of the recording.

By hand::

    python -m aiocollect.demo.audit demo-data/<run>
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from struct import pack
from typing import BinaryIO, TypeAlias

from .recorded import EARLIER, RECORDED, StreamColumns

__all__ = ["Answer", "AuditResult", "audit", "local_files", "main", "read_answers"]

Cell: TypeAlias = float | str | None

METADATA = ("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One 200 answer that a client has. ``id`` is None if the server gave none."""

    model: str
    id: str | None
    rows: tuple[tuple[Cell, ...], ...]
    p: tuple[float, ...]


@dataclass(slots=True, kw_only=True)
class AuditResult:
    """What the auditor found. Rows, unless said otherwise; those of each stream count."""

    requests: int = 0  # answered
    rows: int = 0  # answered, each once
    stored: dict[str, int] = field(default_factory=dict)  # by stream: answered, stored once, right
    lost: int = 0
    doubled: int = 0
    torn: int = 0  # lines
    wrong: int = 0
    misplaced: int = 0
    unrecorded: int = 0  # answers
    unclaimed: int = 0
    files: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)  # of what is bad: at most ten

    @property
    def good(self) -> bool:
        """Whether something was answered, and all of it is stored correctly."""
        bad = self.lost + self.doubled + self.torn + self.wrong + self.misplaced + self.unrecorded
        return self.rows > 0 and bad == 0

    def note(self, what: str, where: str) -> None:
        """Keep an example of a fault."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{what}: {where}")


def audit(
    answers: Iterable[Answer],
    files: Iterable[tuple[str, BinaryIO]],
    *,
    streams: Mapping[str, StreamColumns] = RECORDED,
) -> AuditResult:
    """Compare. ``files`` are (path, open file); the path tells stream and day. ``streams``: what is
    recorded, by MODEL/inputs and MODEL/predictions."""
    verdict = AuditResult(stored=dict.fromkeys(streams, 0))
    # For each stream: (id, row index) to a digest of the values. What is found is removed.
    expected: dict[str, dict[tuple[str, int], bytes]] = {name: {} for name in streams}
    for answer in answers:
        _expect(verdict, expected, answer)
    seen: dict[str, set[tuple[str, int]]] = {name: set() for name in streams}
    for path, file in files:
        # …/<model>/<version>/<identifier>/<yyyy>/<MM>/<dd>/data.csv
        *_, model, _, identifier, year, month, day, _ = ("",) * 7 + PurePosixPath(path).parts
        stream, folder = f"{model}/{identifier}", f"{year}-{month}-{day}"
        if stream not in streams:
            continue
        verdict.files.append(path)
        for row in _Stored(verdict, path, streams[stream]).rows(file):
            if row.key[0].startswith(EARLIER):
                continue  # made up for the days before
            if row.key in seen[stream]:
                verdict.doubled += 1
                verdict.note("doubled", row.where)
                continue
            seen[stream].add(row.key)
            digest = expected[stream].pop(row.key, None)
            if digest is None:
                verdict.unclaimed += 1
            elif digest != _digest(row.values):
                verdict.wrong += 1
                verdict.note("wrong", row.where)
            elif row.day != folder:
                verdict.misplaced += 1
                verdict.note("misplaced", row.where)
            else:
                verdict.stored[stream] += 1
    for stream, left in expected.items():
        verdict.lost += len(left)
        for correlation_id, index in list(left)[:_EXAMPLES]:
            verdict.note("lost", f"row {index} of {correlation_id} in {stream}")
    return verdict


def _expect(
    verdict: AuditResult, expected: dict[str, dict[tuple[str, int], bytes]], answer: Answer
) -> None:
    verdict.requests += 1
    verdict.rows += len(answer.rows)
    if answer.id is None:
        verdict.unrecorded += 1
        verdict.note("unrecorded", f"an answer of {len(answer.rows)} rows has no id")
        return
    for index, (row, p) in enumerate(zip(answer.rows, answer.p, strict=True)):
        for identifier, values in (("inputs", row), ("predictions", (p,))):
            rows = expected.get(f"{answer.model}/{identifier}")
            if rows is None:
                continue  # not recorded of this model
            if (answer.id, index) in rows:
                verdict.wrong += 1
                verdict.note("wrong", f"two answers have the id {answer.id}")
                continue
            rows[answer.id, index] = _digest(values)


def _digest(values: Sequence[Cell]) -> bytes:
    # Of the doubles themselves: equal bit for bit, also for -0.0 and NaN.
    parts = [b"%d;" % len(values)]
    for value in values:
        if value is None:
            parts.append(b"-")
        elif isinstance(value, str):
            text = value.encode()
            parts.append(b"t%d;%b" % (len(text), text))
        else:
            parts.append(b"n" + pack("d", value))
    return blake2b(b"".join(parts), digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    key: tuple[str, int]
    values: tuple[Cell, ...]
    day: str
    where: str


class _Stored:
    """Reads one stored file. A line that is not a whole row is counted as torn."""

    def __init__(self, verdict: AuditResult, path: str, columns: StreamColumns) -> None:
        self._verdict = verdict
        self._path = path
        self._header = list(columns.names + METADATA)
        self._texts = [name in columns.texts for name in columns.names]
        self._line = 0

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for raw in file:
            self._line += 1
            if not raw.endswith(b"\n"):
                self._torn("the file does not end in a newline")
                return  # the rest of the line is missing
            yield raw.decode("utf-8", errors="replace")

    def _torn(self, why: str) -> None:
        self._verdict.torn += 1
        self._verdict.note("torn", f"{self._path}:{self._line}: {why}")

    def rows(self, file: BinaryIO) -> Iterator[_Row]:
        """All whole rows. An empty file has none: its writer may have ended before the first."""
        reader = csv.reader(self._lines(file), strict=True)
        header = True
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._torn(str(error))
                continue
            if header:
                header = False
                if cells != self._header:
                    self._torn("the first line is not the header")
            elif (row := self._row(cells)) is not None:
                yield row

    def _row(self, cells: list[str]) -> _Row | None:
        if len(cells) != len(self._header):
            self._torn(f"{len(cells)} columns, not {len(self._header)}")
            return None
        *features, correlation_id, timestamp, index = cells
        try:
            values = tuple(
                None if not cell else cell if text else float(cell)
                for cell, text in zip(features, self._texts, strict=True)
            )
        except ValueError:
            self._torn("a value is not a number")
            return None
        if not correlation_id or not _TIMESTAMP.fullmatch(timestamp) or not _INDEX.fullmatch(index):
            self._torn("the last columns are not an id, a scoring time and a row index")
            return None
        return _Row(
            key=(correlation_id, int(index)),
            values=values,
            day=timestamp[:10],
            where=f"{self._path}:{self._line}",
        )


def read_answers(path: Path) -> Iterator[Answer]:
    """The answers that the clients of the load have."""
    with path.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                return  # the load was killed while it wrote; no client has this one
            line = json.loads(raw)
            yield Answer(
                model=line["model"],
                id=line["answer"]["id"],
                rows=tuple(tuple(map(_cell, row)) for row in line["sent"]["rows"]),
                p=tuple(map(float, line["answer"]["p"])),
            )


def _cell(value: float | str | None) -> Cell:
    return float(value) if isinstance(value, int) else value


def local_files(directory: Path, *, prefix: str = "") -> Iterator[tuple[str, BinaryIO]]:
    """The CSV files below ``directory`` whose path there begins with ``prefix``, one at a time."""
    for found in sorted(directory.rglob("*.csv")):
        path = found.relative_to(directory).as_posix()
        if path.startswith(prefix):
            with found.open("rb") as file:
                yield path, file


def main(arguments: list[str] | None = None) -> int:
    """Audit a demo's folder again; 0 for a good verdict, 1 for a bad one."""
    parser = argparse.ArgumentParser(prog="aiocollect.demo.audit", description="the auditor")
    parser.add_argument("directory", type=Path, help="a demo's folder: answers.jsonl, modeldata/")
    directory = parser.parse_args(arguments).directory
    for needed in ("answers.jsonl", "modeldata"):
        if not (directory / needed).exists():
            parser.error(f"{directory} has no {needed}; use the folder of a demo run")
    verdict = audit(
        read_answers(directory / "answers.jsonl"),
        local_files(directory / "modeldata"),
    )
    for each in fields(verdict):
        print(f"{each.name:12} {getattr(verdict, each.name)}")
    print("good" if verdict.good else "BAD")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
