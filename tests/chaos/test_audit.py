"""The auditor itself: it finds nothing where nothing is wrong, and each wrong that is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from .audit import METADATA, Findings, audit, read_journals
from .journal import COLUMNS, Journal, cells

PATH = "a/b/plain/2026/01/02/data.csv"
STAMP = "2026-01-02T03:04:05.000006"
REPORT = {
    "accepted": 8,
    "stored": 8,
    "possibly_stored": 0,
    "in_spool": 0,
    "adopted": 0,
    "in_memory": 0,
    "seconds": 0.1,
    "dropped": {},
    "dead_lettered": {},
}


def line(cells: tuple[object, ...]) -> bytes:
    quoted = ('"' + str(cell).replace('"', '""') + '"' for cell in cells)
    return (",".join(quoted) + "\n").encode()


def row(turn: int, index: int, **other: object) -> bytes:
    values = dict(zip(COLUMNS, cells("plain", "p", turn, index), strict=True)) | other
    return line((*values.values(), f"id{turn}", STAMP, index))


HEADER = line((*COLUMNS, *METADATA))
ROWS = [row(turn, index) for turn in range(4) for index in range(2)]


def journal(directory: Path, *, report: dict[str, object] | None, spooled: bool = False) -> None:
    told = Journal(directory, "w")
    for turn in range(4):
        told.before("p", turn, 2, "plain")
        told.after("p", turn, f"id{turn}")
    if spooled:
        told.spooled("p", 1)
    told.before("p", 4, 2, "plain")
    told.after("p", 4, None)
    told.line(f"K {PATH} 4")
    if report is not None:
        told.report(SimpleNamespace(**report))


def judged(
    directory: Path,
    rows: list[bytes],
    *,
    report: dict[str, object] | None = REPORT,
    spooled: bool = False,
) -> Findings:
    journal(directory, report=report, spooled=spooled)
    return audit(
        read_journals(directory), {PATH: HEADER + b"".join(rows)}, path_of=lambda _: "plain"
    )


def test_nothing_wrong(tmp_path: Path) -> None:
    """Four calls of two rows, stored in order under what they were told; one refused."""
    found = judged(tmp_path, ROWS)
    assert found.good, found.examples
    assert (found.stored, found.accepted, found.refused, found.lives) == (8, 8, 2, 1)


def swapped() -> list[bytes]:
    return [*ROWS[:3], ROWS[4], ROWS[3], *ROWS[5:]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (lambda: ROWS[:-1], {"lost": 1, "misreported": 1}),
        (lambda: [*ROWS, ROWS[-1]], {"doubled": 1}),
        (lambda: [*ROWS[:-1], ROWS[-1][:-20] + b"\n"], {"torn": 1, "lost": 1, "misreported": 1}),
        (lambda: [*ROWS[:-1], ROWS[-1][:-1]], {"torn": 1}),
        (swapped, {"reordered": 1}),
        (lambda: [row(0, 0, value=0.5), *ROWS[1:]], {"altered": 1}),
        (lambda: [row(0, 0, text="b"), *ROWS[1:]], {"altered": 1}),
        (lambda: [ROWS[0].replace(b"id0", b"idx"), *ROWS[1:]], {"altered": 1}),
        (lambda: [*ROWS, row(4, 0)], {"foreign": 1}),
        (lambda: [*ROWS, row(1, 2)], {"foreign": 1}),
    ],
)
def test_each_wrong(
    tmp_path: Path, rows: Callable[[], list[bytes]], expected: dict[str, int]
) -> None:
    """Each kind of wrong, made by hand, is counted as what it is, and as nothing else."""
    found = judged(tmp_path, rows())
    assert found.faults == expected


@pytest.mark.parametrize(
    ("report", "rows", "misreported"),
    [
        ({"stored": 6, "dropped": {"closed": 2}}, 6, 0),
        ({"stored": 6, "possibly_stored": 2}, 6, 0),
        ({"stored": 6, "possibly_stored": 2}, 7, 0),
        ({"stored": 6, "dropped": {"closed": 2}}, 8, 2),
        ({"stored": 6, "dropped": {"closed": 2}}, 7, 1),
        ({"stored": 7, "dropped": {"closed": 1}}, 6, 1),
        ({"accepted": 9}, 8, 1),
        ({"stored": 6, "in_memory": 2}, 6, 2),
    ],
)
def test_reports(tmp_path: Path, report: dict[str, object], rows: int, misreported: int) -> None:
    """A report is held against what is there: dropped rows are not, unsure ones may be."""
    found = judged(tmp_path, ROWS[:rows], report=REPORT | report)
    assert found.misreported == misreported
    assert found.gone + found.lost == 8 - rows


def test_killed(tmp_path: Path) -> None:
    """Without a report the end may be missing: not a hole, and nothing that was confirmed."""
    (tmp_path / "a").mkdir()
    assert judged(tmp_path / "a", ROWS[:5], report=None).good
    (tmp_path / "b").mkdir()
    assert judged(tmp_path / "b", [*ROWS[:4], *ROWS[6:]], report=None).gaps == 2
    (tmp_path / "c").mkdir()
    assert judged(tmp_path / "c", ROWS[:3], report=None).gaps == 1


def test_spooled(tmp_path: Path) -> None:
    """What was said to be spooled may not be missing, also of a killed life."""
    found = judged(tmp_path, [*ROWS[:2]], report=None, spooled=True)
    assert found.lost == 2
