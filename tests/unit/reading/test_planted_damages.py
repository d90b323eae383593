"""Planted damages: each is found, by its kind and its place; and nothing is found where none is.

tests/support/plants.py has the table of them.
"""

from __future__ import annotations

import re

import pytest

from aiocollect import verify
from aiocollect.reading import Finding, Verdict
from tests.support.logged import FIRST, KEY, SECOND, lived
from tests.support.plants import LOG_STATE, PLANTS, SIGNED, day, without


def found_in(verdict: Verdict, stream: str) -> tuple[str, tuple[Finding, ...]]:
    (of,) = (one for one in verdict.days if one.model == "m" and one.stream == stream)
    return of.state, of.findings


def test_an_untouched_day_is_proven() -> None:
    """All streams, signed or not; what was sampled out and refused is told beside it."""
    for signed in (False, True):
        verdict = verify(day(signed=signed).store, log_key=KEY if signed else None)
        assert verdict.proven, str(verdict)
        assert [one.stream for one in verdict.days] == ["inputs", "predictions", "default"]
        assert verdict.lives == 2
        assert verdict.days[0].stored == sum(1 + turn % 3 for turn in range(24))
        told = day(signed=signed)
        assert verdict.sampled_out == {"s/1/default": told.sampled_out}
        assert verdict.refused == {"s/1/default": {"row": told.refused}}
        assert told.sampled_out
        assert told.refused


@pytest.mark.parametrize("name", PLANTS)
def test_each_damage_is_found(name: str) -> None:
    """By its kind, and by its state, and in its stream."""
    plant = PLANTS[name]
    damaged = day(signed=name in SIGNED).copy()
    plant.do(damaged)
    verdict = verify(damaged.store, "m", version="1", log_key=plant.key)
    state, findings = found_in(verdict, plant.stream)
    kinds = {finding.kind for finding in findings}
    assert kinds & plant.kinds, str(verdict)
    assert not verdict.proven
    if plant.state == LOG_STATE:
        assert state in ("consistent", "open"), str(verdict)
    else:
        assert state == plant.state, str(verdict)


@pytest.mark.parametrize("index", [0, 7, -1])
def test_a_finding_names_the_place(index: int) -> None:
    """Part, bytes, numbers, and the ids on both sides."""
    damaged = day().copy()
    path = damaged.part("inputs")
    without(index)(damaged)
    _, findings = found_in(verify(damaged.store, "m", version="1"), "inputs")
    (lost,) = (finding for finding in findings if finding.kind == "lost")
    blocks = day().blocks[path]
    assert (lost.part, lost.offset, lost.length) == (path, *blocks[index])
    ids = re.findall(rb"[0-9a-f]{8}-[0-9a-f-]{27}", day().block(path, index))
    assert lost.rows == len(ids)
    assert lost.life in (FIRST, SECOND)
    before = day().data(path)[: blocks[index][0]]
    ids = re.findall(rb"[0-9a-f]{8}-[0-9a-f-]{27}", before)
    assert lost.before == (ids[-1].decode() if ids else "")


def test_rows_alone_are_consistent() -> None:
    """A day that was written without a log, or by an earlier version; and it finds what is there
    twice."""
    plain = lived(log=False)
    verdict = verify(plain.store, "m", version="1")
    assert {one.state for one in verdict.days} == {"consistent"}
    assert {finding.kind for finding in verdict.findings} == {"no_log"}
    path = plain.part("inputs")
    plain.put(path, plain.data(path) + plain.block(path, 4))
    state, findings = found_in(verify(plain.store, "m", version="1"), "inputs")
    assert state == "damaged"
    assert "doubled" in {finding.kind for finding in findings}


def test_depth_rows_looks_at_rows_that_are_proven_too() -> None:
    """It finds nothing more."""
    assert verify(day().store, "m", version="1", depth="rows").proven
