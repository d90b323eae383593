"""``aiocollect plan``: what it chooses, what it expects, and what it refuses to promise."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from aiocollect import Limits, Pipeline
from aiocollect.cli import main
from aiocollect.cli.plan_advice import plan_of
from aiocollect.cli.plan_figures import BLOCKS, CROWD, METADATA, Need, day_of
from aiocollect.cli.plan_figures import STRETCH as QUARTER
from aiocollect.testing import MemoryStore

SMALL = ("--writers", "8", "--streams", "2", "--rows-per-second", "500", "--bytes-per-row", "180")


def planned(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """The JSON of a plan."""
    assert main(["plan", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_what_the_engine_has_too() -> None:
    """Where a part ends, how the linger grows, what a look shows: written twice, held here."""
    from aiocollect._core import verdict
    from aiocollect._core.limits import BatchLimits

    assert Limits().max_blocks == BLOCKS
    assert verdict.CROWD == CROWD
    limits = BatchLimits(max_bytes=1000, linger=2.0, max_blocks=BLOCKS)
    assert limits.deadline(0.0, blocks_used=QUARTER, last_fill=49) == 4.0


def test_a_day_without_a_growing_linger() -> None:
    """Blocks that are filled before the linger ends: bytes by the size of a block."""
    need = Need(writers=1, streams=1, rows=100_000.0, cells=100 - METADATA, trip=0.02)
    day = day_of(need)
    assert day.blocks == pytest.approx(86_400 * 100_000 * 100 / 2**20)
    assert day.parts == math.ceil(day.blocks / BLOCKS)
    assert day.age < 2**20 / (100 * 100_000) + 2 * need.trip


def test_a_small_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    """It shares its files, needs one account, and its settings are a pipeline's."""
    plan = planned(capsys, *SMALL)
    settings = plan["settings"]
    assert settings["writer"] == "shared"
    assert settings["accounts"] == 1
    assert plan["holds"]
    limits = Limits(max_spool_bytes=settings.pop("max_spool_bytes"))
    del settings["accounts"]
    assert Pipeline(MemoryStore(), limits=limits, **settings)
    used = [limit["used"] for limit in plan["limits"]]
    assert used == sorted(used, reverse=True)


def test_many_writers_get_files_of_their_own() -> None:
    """And at lingers for which one account is enough, unless one is asked for."""
    free = plan_of(writers=10_000, streams=10, rows=10_000.0, cells=60.0, trip=0.02)
    assert not free.need.shared
    assert free.accounts == 1
    asked = plan_of(writers=10_000, streams=10, rows=10_000.0, cells=60.0, trip=0.02, linger=2.0)
    assert asked.accounts == math.ceil(asked.day.peak / 14_000) > 1
    assert asked.day.age < free.day.age


def test_what_does_not_hold_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It exits with 1, names the limit, and says what to change."""
    many = ("--writers", "1000", "--streams", "1", "--rows-per-second", "1000")
    options = (*many, "--bytes-per-row", "60", "--shared")
    plan = planned(capsys, *options, "--linger", "2", code=1)
    assert not plan["holds"]
    exceeded = {limit["name"] for limit in plan["limits"] if limit["used"] > 1}
    assert {"writers of one file", "requests for one file"} <= exceeded
    assert any('writer="own"' in one for one in plan["warnings"])
    assert main(["plan", *options, "--linger", "2"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "does not hold"


def test_it_is_read_by_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, what is expected, the limit that binds first."""
    assert main(["plan", *SMALL]) == 0
    words = capsys.readouterr().out
    for word in ("linger", "age of rows", "appends a day", "requests", "binds first", "holds"):
        assert word in words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--writers", "0"), "0 is not above 0"),
        (("--writers", "1.5"), "1.5 is not a whole number"),
        (("--rows-per-second", "x"), "'x' is not a number"),
        (("--round-trip", "inf"), "inf is not above 0"),
        (("--shared", "--own"), "not allowed with"),
    ],
)
def test_wrong_numbers(
    capsys: pytest.CaptureFixture[str], wrong: tuple[str, ...], words: str
) -> None:
    """An invalid command line, by its value."""
    with pytest.raises(SystemExit) as ended:
        main(["plan", *SMALL, *wrong])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
