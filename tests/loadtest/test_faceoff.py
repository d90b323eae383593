"""The face-off's oracle, on blobs that are written here: what it counts, and what it does not.

Each form of line is written by hand, so that oracle and contenders cannot share a mistake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from loadtest.faceoff.conditions import SINGLE, Conditions, plan
from loadtest.faceoff.oracle import READERS, ContenderVerdict, judge
from loadtest.faceoff.rows import COLUMNS, Ledger, LedgerContent, make_row, read_ledger

SEED = 7
LIFE = "x-0"
ROWS = range(4)


def _csv_line(row: dict[str, str | int]) -> bytes:
    return ",".join([*(str(row[name]) for name in COLUMNS), "cid", "2026-01-01", "0"]).encode()


# For each form: what the blob begins with, and a line of it without its end.
FORMS: dict[str, tuple[bytes, Callable[[dict[str, str | int]], bytes]]] = {
    "jsonl": (b"", lambda row: json.dumps(row).encode()),
    "envelopes": (b"", lambda row: json.dumps({"id": "e", "data": [row]}).encode()),
    "csv": (b"id,seq,producer,check,$id,$time,$row\n", _csv_line),
}


def line(form: str, seq: int, *, producer: str = LIFE, seed: int = SEED) -> bytes:
    """One whole line."""
    return FORMS[form][1](make_row(seed, producer, seq)) + b"\n"


def told(accepted: Sequence[int] = ROWS, offered: Sequence[int] = ROWS) -> dict[str, LedgerContent]:
    """What one producer offered and was told."""
    return {LIFE: LedgerContent(offered=set(offered), accepted=set(accepted))}


def ask(
    form: str, stored: bytes, heard: dict[str, LedgerContent] | None = None
) -> ContenderVerdict:
    """The oracle's verdict on one blob with these lines."""
    blob = {"data": FORMS[form][0] + stored}
    return judge(blob, heard or told(), seed=SEED, reader=READERS[form])


def faults(verdict: ContenderVerdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.doubled, verdict.torn, verdict.reordered


form_of_line = pytest.mark.parametrize("form", list(FORMS))


@form_of_line
def test_all_rows_once_and_in_order_are_exact(form: str) -> None:
    """Nothing is held against a blob that has each accepted row once, in order."""
    verdict = ask(form, b"".join(line(form, seq) for seq in ROWS))
    assert verdict.good
    assert (verdict.offered, verdict.accepted, verdict.stored) == (4, 4, 4)


@form_of_line
def test_a_row_that_is_missing_is_lost(form: str) -> None:
    """An accepted row without a line is lost; one that was refused is not."""
    stored = line(form, 0) + line(form, 1) + line(form, 3)
    assert faults(ask(form, stored)) == (1, 0, 0, 0)
    assert faults(ask(form, stored, told(accepted=[0, 1, 3]))) == (0, 0, 0, 0)


@form_of_line
def test_each_further_copy_is_doubled_and_nothing_else(form: str) -> None:
    """A copy that stands behind later rows is doubled, not reordered too."""
    stored = b"".join(line(form, seq) for seq in (0, 0, 1, 2, 3, 1, 0))
    assert faults(ask(form, stored)) == (0, 3, 0, 0)


@form_of_line
def test_a_row_behind_a_later_one_is_reordered(form: str) -> None:
    """Each row that comes late counts, those that it let pass do not."""
    stored = b"".join(line(form, seq) for seq in (0, 3, 1, 2))
    assert faults(ask(form, stored)) == (0, 0, 0, 2)


@form_of_line
def test_a_line_that_is_no_whole_row_is_torn(form: str) -> None:
    """A half, two in one, a changed cell, an empty line, a last line without its newline."""
    whole = line(form, 1)
    before, after = line(form, 0), line(form, 2) + line(form, 3)
    half = whole[: len(whole) // 2] + b"\n"
    changed = whole.replace(b'"seq": 1', b'"seq": 2').replace(b",1,x-0", b",2,x-0")
    glued = half[:-1] + whole
    for bad in (half, changed, glued, b"\n", line(form, 1, seed=SEED + 1)):
        assert faults(ask(form, before + bad + after)) == (1, 0, 1, 0), bad
    assert faults(ask(form, before + whole + after[:-1])) == (1, 0, 1, 0)


@form_of_line
def test_a_row_that_nobody_offered_is_no_row(form: str) -> None:
    """Of another producer, or of a number that was not reached."""
    stored = b"".join(line(form, seq) for seq in ROWS)
    for foreign in (line(form, 4), line(form, 0, producer="y-0")):
        assert faults(ask(form, stored + foreign)) == (0, 0, 1, 0)


@form_of_line
def test_a_row_that_was_not_accepted_may_be_stored(form: str) -> None:
    """A producer that was killed, or told of a failure, may find its row there: unclaimed."""
    verdict = ask(form, b"".join(line(form, seq) for seq in ROWS), told(accepted=[0, 1, 2]))
    assert verdict.good
    assert (verdict.unclaimed, verdict.stored, verdict.accepted) == (1, 4, 3)


def test_a_csv_without_its_header_is_torn() -> None:
    """The first line must name the columns, else no reader could tell them."""
    stored = b"".join(line("csv", seq) for seq in ROWS)
    verdict = judge({"data.csv": stored}, told(), seed=SEED, reader=READERS["csv"])
    assert faults(verdict) == (1, 0, 1, 0)


def test_parts_are_read_in_the_order_of_their_numbers() -> None:
    """data.csv, data_2.csv, data_10.csv: else rows would look reordered that are not."""
    blobs = {
        name: line("jsonl", seq)
        for seq, name in enumerate(["d/data.csv", "d/data_1.csv", "d/data_2.csv", "d/data_10.csv"])
    }
    assert judge(blobs, told(), seed=SEED, reader=READERS["jsonl"]).good


def test_two_lives_are_ordered_each_by_itself() -> None:
    """A late row of the life that was killed, behind rows of the next, is not reordered."""
    heard = {
        LIFE: LedgerContent(offered={0, 1}, accepted={0, 1}),
        "x-1": LedgerContent(offered={2, 3}, accepted={2, 3}),
    }
    blob = b"".join(
        line("jsonl", seq, producer=producer)
        for seq, producer in ((0, LIFE), (2, "x-1"), (1, LIFE), (3, "x-1"))
    )
    assert judge({"data": blob}, heard, seed=SEED, reader=READERS["jsonl"]).good


def test_the_ledger_keeps_what_was_told(tmp_path: Path) -> None:
    """Offered, accepted and refused come back, from a file that was not closed either."""
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    for seq in range(3):
        ledger.offered(seq)
    ledger.accepted(0)
    ledger.refused(1, "HttpResponseError")
    found = read_ledger(path)
    assert (found.offered, found.accepted) == ({0, 1, 2}, {0})
    assert found.refused == {1: "HttpResponseError"}
    assert found.longest > 0


def test_the_weather_is_the_seeds() -> None:
    """One seed plans the same faults each time; each seed plans every fault, and one outage."""
    conditions = Conditions()
    assert plan(1, conditions) == plan(1, conditions) != plan(2, conditions)
    for seed in range(20):
        planned = plan(seed, conditions)
        singles = [each.fault for each in planned if not each.outage]
        assert sorted(map(str, singles)) == sorted(map(str, SINGLE))
        assert len(planned) == len(SINGLE) + 1
        assert planned == sorted(planned, key=lambda each: each.at)
        assert all(0 < each.at < conditions.rows / conditions.rate for each in planned)
