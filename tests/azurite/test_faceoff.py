"""The face-off, short: processes, proxy, emulator and oracle together (loadtest/faceoff)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loadtest.faceoff.conditions import Conditions, Planned
from loadtest.faceoff.contenders import ALL
from loadtest.faceoff.run import run_round
from testkit.emulator import Emulator
from testkit.proxy import Fault, Kind

pytestmark = pytest.mark.azurite


def test_one_lost_answer_doubles_a_row_of_the_plain_loop_and_none_of_ours(
    azurite: Emulator, tmp_path: Path
) -> None:
    """Both meet the fault, end by themselves and lose nothing; the oracle sees the one copy."""
    contenders = [each for each in ALL if each.name in ("plain", "aiocollect")]
    lost_answer = Planned(at=0.0, until=60.0, fault=Fault(kind=Kind.LOSE_ANSWER))
    results = asyncio.run(
        run_round(
            azurite,
            contenders,
            kind="graceful",
            seed=1,
            conditions=Conditions(rows=40),
            directory=tmp_path,
            planned=[lost_answer],
        )
    )
    for result in results:
        assert result.finished, result
        assert result.faults == {"lose_answer": 1}
        assert (result.verdict.offered, result.verdict.accepted) == (40, 40)
        assert (result.verdict.lost, result.verdict.torn, result.verdict.reordered) == (0, 0, 0)
    plain, ours = results
    assert plain.verdict.doubled == 1
    assert ours.verdict.doubled == 0
