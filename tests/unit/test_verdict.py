"""The auditors' verdict: its words are its faults, each counted and shown."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from testkit.verdict import WORDS, Verdict


@dataclass(slots=True, kw_only=True)
class WithCalls(Verdict):
    calls: int = 0


def test_its_words_are_its_faults() -> None:
    """Each word of the table is counted, and nothing else but what is stored."""
    assert {each.name for each in fields(Verdict)} == {"stored", "where", *WORDS}
    assert Verdict(stored=7).good


@pytest.mark.parametrize("word", WORDS)
def test_one_fault_is_enough(word: str) -> None:
    """It is no good verdict any more, says how many rows, and where."""
    verdict = Verdict()
    verdict.note(word, "nothing", rows=0)
    assert verdict.good
    verdict.note(word, "a.csv", rows=3)
    verdict.note(word, "b.csv")
    assert not verdict.good
    assert verdict.faults == {word: 4}
    assert verdict.examples == [f"{word}: a.csv (3 rows)", f"{word}: b.csv"]


def test_few_examples_are_kept() -> None:
    """However many faults there are, also of several verdicts together."""
    sums = WithCalls(calls=1)
    for _ in range(3):
        verdict = WithCalls(calls=2, stored=1)
        for number in range(1000):
            verdict.note("lost", number)
        sums.add(verdict)
    assert (sums.calls, sums.stored, sums.lost) == (7, 3, 3000)
    assert len(sums.examples) < 10
