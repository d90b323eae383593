"""The gate's share of the crash lives: what was promised is stored, once and in order."""

from __future__ import annotations

import time

import pytest

from .crash_life import World, live
from .crashes import run

FOLDER = "default/default/default/default/a/default/default/2023/11/14"


@pytest.mark.timeout(300)
def test_machines_that_crash() -> None:
    """Nothing promised is lost, nothing doubled, torn, altered or reordered, nothing left."""
    began = time.perf_counter()
    *_, crashes = run(300)
    text = crashes.describe(time.perf_counter() - began)
    print(text)
    assert not crashes.failed, text
    # What the machines are meant to go through: otherwise they prove less than they say.
    assert min(crashes.ends[end] for end in ("kill", "power cut", "end")) > 100, text
    assert crashes.kept > 40 * crashes.machines, text
    # Of some seventy kinds a short run may miss the rarest; a long one must have met them all.
    assert len(crashes.unmet) <= 12, crashes.unmet


@pytest.mark.parametrize("seed", [70_263])
def test_machines_that_failed_once(seed: int) -> None:
    """A segment whose header was cut off at 36 bytes was called damaged, without a row in it."""
    assert not live(seed).problems


def test_a_machine_replays_from_its_seed() -> None:
    """Two runs of one seed are the same, to the call."""
    assert live(11) == live(11)


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        (["0,1,", "0,2,"], None),
        (["0,1,"], "lost"),
        (["0,1,", "0,2,", "0,2,"], "doubled"),
        (["0,2,", "0,1,"], "reordered"),
        (["0,1,", "0,2,x"], "altered or invented"),
        (["0,1,", "0,2,", "0,3,"], "altered or invented"),
    ],
)
def test_the_oracle_sees(rows: list[str], finding: str | None) -> None:
    """Each kind of damage by its name, and nothing where there is none."""
    world = World(1)
    for number in (1, 2):
        world.promises.accepted[0, "a", number] = ""
        world.promises.durable.add((0, "a", number))
    lines = "".join(f"{row},id,2023,0\n" for row in ["life,number,text", *rows])
    world.store._make(f"{FOLDER}/data.csv", "text/csv").data += lines.encode()
    world.judge()
    found = {problem.partition(":")[0] for problem in world.outcome.problems}
    assert found == ({finding} if finding else set())
