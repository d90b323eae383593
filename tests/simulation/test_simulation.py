"""The gate's share of the simulation: 1,000 lives, all sound, everything met."""

from __future__ import annotations

import time

import pytest

from aiocollect.testing import MemoryStore

from .life import live
from .oracle import Accepted, Oracle
from .run import describe, run

HEADER = b"a,$aml_dc_correlation_id,$aml_dc_scoring_timestamp,$aml_dc_row\n"
FOLDER = "s/g/w/svc/m/1/i/2023/11/14"


def oracle_of(*turns: int) -> Oracle:
    """An oracle that expects one row a turn: id and cell are the turn."""
    oracle = Oracle()
    for turn in turns:
        oracle.expect(f"id{turn}", [Accepted("p", turn, FOLDER, ("a",), (float(turn),))])
    return oracle


def line(turn: int, cell: float | None = None) -> bytes:
    return f"{float(turn) if cell is None else cell},id{turn},2023,0\n".encode()


def part(*lines: bytes) -> dict[str, bytes]:
    return {f"{FOLDER}/data.csv": HEADER + b"".join(lines)}


@pytest.mark.parametrize(
    ("blobs", "finding"),
    [
        (part(line(1), line(2)), None),
        (part(line(1)), "lost"),
        (part(line(1), line(2), line(2)), "doubled"),
        (part(line(1), line(2)[:-1]), "torn"),
        (part(line(2), line(1)), "reordered"),
        (part(line(1), line(2, 7.0)), "altered"),
        (part(line(1), line(2), line(3)), "unknown"),
        ({f"{FOLDER[:-2]}15/data.csv": HEADER + line(1) + line(2)}, "misplaced"),
    ],
)
def test_the_oracle_sees(blobs: dict[str, bytes], finding: str | None) -> None:
    """The oracle names each kind of damage, and nothing where there is none."""
    verdict = oracle_of(1, 2).judge(blobs, [], complete=True)
    assert (finding in verdict.findings) if finding else not verdict.findings


def test_a_life_replays_from_its_seed() -> None:
    """Two runs of one seed are the same life, to the step."""
    assert live(7) == live(7)


def test_a_late_request_is_judged_when_it_arrives() -> None:
    """The store of the simulation keeps to the conditions, however late a request is."""
    store = MemoryStore()
    store._make("p", "text/csv")
    assert store._append("p", b"a", 0, None).length == 1
    with pytest.raises(Exception, match="AppendPositionConditionNotMet"):
        store._append("p", b"b", 0, None)


@pytest.mark.timeout(600)
def test_a_thousand_lives() -> None:
    """Nothing lost, doubled, torn or reordered; the equation exact after every step; all met."""
    began = time.perf_counter()
    *_, summary = run(1000)
    text = describe(summary, time.perf_counter() - began)
    print(text)
    assert not summary.failed, text
    assert not summary.unmet, summary.unmet
    # What a life is meant to be: otherwise the thousand prove less than they say.
    assert summary.rows >= 1000 * summary.lives
    assert sum(summary.faults.values()) >= 90 * summary.lives
