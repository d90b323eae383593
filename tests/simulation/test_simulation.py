"""The gate's share of the simulation: hundreds of lives, all sound, everything met."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections import Counter
from random import Random

import pytest

from aiocollect.testing import FaultKind, MemoryStore, VirtualClock, VirtualLoop, run_virtual

from . import __main__, bounded, faults, life, outage, poison, run, selection, standstill
from .life import Outcome
from .oracle import Accepted, Oracle
from .run import Summary, describe
from .trace import silent

# As few as meet everything but what bounded.py has of its own; ``make simulate`` runs thousands.
LIVES = 400
HEADER = b"a,$aml_dc_correlation_id,$aml_dc_scoring_timestamp,$aml_dc_row\n"
FOLDER = "s/g/w/svc/m/1/i/2023/11/14"


def row(turn: int, index: int = 0) -> Accepted:
    return Accepted("p", turn, FOLDER, ("a",), (float(turn),), index)


def oracle_of(*turns: int) -> Oracle:
    """An oracle that expects one row a turn: id and cell are the turn."""
    oracle = Oracle()
    for turn in turns:
        oracle.expect(f"id{turn}", [row(turn)])
    return oracle


def line(turn: int, cell: float | None = None, index: int = 0) -> bytes:
    return f"{float(turn) if cell is None else cell},id{turn},2023,{index}\n".encode()


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
        (part(line(1), line(2), line(3)), "foreign"),
        ({f"{FOLDER[:-2]}15/data.csv": HEADER + line(1) + line(2)}, "misplaced"),
    ],
)
def test_the_oracle_sees(blobs: dict[str, bytes], finding: str | None) -> None:
    """The oracle names each kind of damage, and nothing where there is none."""
    verdict = oracle_of(1, 2).judge(blobs, [], complete=True)
    assert (finding in verdict.faults) if finding else not verdict.faults


@pytest.mark.parametrize(
    ("known", "lines", "finding"),
    [
        ("perhaps", (), None),
        ("perhaps", (line(1), line(1, index=1)), None),
        ("perhaps", (line(1),), "halved"),
        ("perhaps", (line(1), line(1, index=1), line(1)), "doubled"),
        ("returned", (), "lost"),
        ("returned", (line(1), line(1, index=1)), None),
        ("raised", (), None),
        ("raised", (line(1), line(1, index=1)), "foreign"),
    ],
)
def test_the_oracle_knows_cancelled_calls(
    known: str, lines: tuple[bytes, ...], finding: str | None
) -> None:
    """Cancelled: whole or not at all. Returned: there. Raised: not there."""
    oracle = Oracle()
    oracle.expect_perhaps("id1", [row(1), row(1, 1)])
    if known == "returned":
        oracle.confirm("id1")
    if known == "raised":
        oracle.deny("id1")
    verdict = oracle.judge(part(*lines) if lines else {}, [], complete=True)
    assert (finding in verdict.faults) if finding else not verdict.faults
    assert verdict.unsure == (len(set(lines)) if known == "perhaps" else 0)


@pytest.mark.parametrize("seed", [7, 17, 33])
def test_a_life_replays_from_its_seed(seed: int) -> None:
    """Two runs of one seed are the same life, to the step; also when it is told."""
    lines: list[str] = []
    first = selection.live(seed)
    assert first == selection.live(seed, lines.append)
    assert len(lines) > 50


def test_a_told_life_tells_calls_faults_events_and_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """--seed N --trace prints each with its virtual time, and no cells."""
    assert __main__.main(["--seed", "3", "--trace"]) == 0
    told = capsys.readouterr().out
    for word in (
        "collect by 0.0 returned",
        "fault lost_answer at append",
        "Settled(",
        "--submit-->",
    ):
        assert word in told
    assert 'say "x"' not in told


def test_clocks_jump_apart_from_time() -> None:
    """A wall clock that is set changes no timer; a pause makes timers late, and is never undone."""

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop, epoch=1000.0)
        clock.shift(-100.5)
        assert (clock.time_ns(), clock.monotonic()) == (899_500_000_000, 0.0)
        rung: list[float] = []
        loop.call_later(3.0, lambda: rung.append(loop.time()))
        loop.call_later(1.0, loop.pause, 5.0)
        loop.call_later(9.0, lambda: rung.append(loop.time()))
        await asyncio.sleep(10.0)
        assert rung == [6.0, 9.0]
        assert clock.time_ns() == 909_500_000_000

    run_virtual(main)


def test_a_late_request_is_judged_when_it_arrives() -> None:
    """The store of the simulation keeps to the conditions, however late a request is."""
    store = MemoryStore()
    store._make("p", "text/csv")
    assert store._append("p", b"a", 0, None).length == 1
    with pytest.raises(Exception, match="AppendPositionConditionNotMet"):
        store._append("p", b"b", 0, None)


# The judges of the single themes ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "finding"),
    [
        ([1.0] * 100, None),
        ([1.0] * 99 + [9.0], None),
        ([1.0] * 98 + [9.0] * 2, "late"),
        ([1.0] * 99, "lost"),
    ],
)
def test_a_poisoned_path_that_costs_the_others_is_found(
    after: list[float], finding: str | None
) -> None:
    """Fewer rows, or more than one in a hundred later than in the twin."""
    theme = poison.Theme("m00", FaultKind.HANG, 0.0, 16)
    outcome = Outcome(0)
    poison.judge(outcome, {"m00": [1.0], "m01": [1.0] * 100}, {"m01": after}, theme)
    assert outcome.found == (Counter({finding: 1}) if finding else Counter())
    assert bool(outcome.problems) == bool(finding)


@pytest.mark.parametrize(
    ("asked", "stored", "finding"),
    [
        ([100.0, 105.0], [50.0, outage.END + 9], None),
        ([100.0, 105.0], [50.0, outage.END + 11], "late"),
        ([100.0, 105.0], [50.0], "late"),
        ([100.0 + k for k in range(30)], [outage.END], None),
        ([100.0 + k * 0.9 for k in range(30)], [outage.END], "storm"),
    ],
)
def test_a_late_recovery_and_a_storm_are_found(
    asked: list[float], stored: list[float], finding: str | None
) -> None:
    """Later than one wait after the outage; more than a request a second on a path in it."""
    outcome = Outcome(0)
    outage.judge(outcome, {"p": asked}, {"p": stored}, 10.0)
    assert outcome.found == (Counter({finding: 1}) if finding else Counter())


@pytest.mark.parametrize(
    ("asked", "made", "finding"),
    [
        ([60.0 + 3 * k for k in range(100)], 9, None),
        ([60.0 + 2 * k for k in range(100)], 9, "storm"),
        ([0.1 * k for k in range(600)], 9, None),
        ([], 81, "storm"),
    ],
)
def test_a_storm_in_a_standstill_is_found(
    asked: list[float], made: int, finding: str | None
) -> None:
    """More requests in a minute, but for the first one, or more blobs made, than are allowed."""
    outcome = Outcome(0)
    standstill.judge(outcome, {"p": asked}, made, 0.0)
    assert outcome.found == (Counter({finding: 1}) if finding else Counter())


def test_every_cause_of_a_standstill_is_met() -> None:
    """In ten thousand seeds, of which three in a hundred are of this theme."""
    seeds = [seed for seed in range(10_000) if seed % selection.EVERY in (60, 61, 62)]
    met = {standstill.cause_of(Random(seed)).kind for seed in seeds}
    assert met == set(standstill.KINDS)


def test_a_store_that_never_heals_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of liveness can fail: with faults that go on, the life says that it is stuck."""
    strike = faults.FaultPlan.__call__

    def for_ever(plan: faults.FaultPlan, operation: object, path: str) -> object:
        plan.active, plan.rate = True, 1.0
        plan._kinds, plan._weights = [FaultKind.NOT_SENT], [1.0]
        return strike(plan, operation, path)  # type: ignore[arg-type]

    monkeypatch.setattr(faults.FaultPlan, "__call__", for_ever)
    seed = next(seed for seed in range(100) if not ends_early(seed))
    assert life.live(seed).found["stuck"] == 1


def ends_early(seed: int) -> bool:
    loop = VirtualLoop()
    try:
        return life.Life(seed, loop, Outcome(seed), silent).ends_early
    finally:
        loop.close()


# Many lives -----------------------------------------------------------------------------------


def bad_life(seed: int) -> Outcome:
    """Lives of which some end their process, some spin, and some raise."""
    if seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 30:
        os._exit(3)
    if seed == 31:
        raise ZeroDivisionError("a bug of the simulation")
    return Outcome(seed, rows=1)


def test_a_life_that_ends_its_process_is_named_and_the_others_live() -> None:
    """Killed, exited, raised: each is one failed life; all others are counted once."""
    *_, summary = run.run(60, live=bad_life)
    assert (summary.lives, summary.rows, summary.failures) == (60, 57, 3)
    failed = {outcome.seed: outcome.problems for outcome in summary.failed}
    assert failed == {
        3: ["its process ended with -9"],
        30: ["its process ended with 3"],
        31: ["ZeroDivisionError: a bug of the simulation"],
    }
    assert "--seed 30 --trace" in describe(summary, 1.0)


def test_a_worker_that_nobody_needs_ends_quietly() -> None:
    """Its pipe is closed before it is ended: it returns, or a piece of its traceback is printed
    into the verdict."""
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    run._work(theirs, bad_life)


def test_a_thousand_seeds_have_a_life_of_each_thing_that_could_grow() -> None:
    """So seldom that they take a twentieth of the time, and so often that a run meets them all."""
    seeds = [seed for seed in range(1000) if seed % bounded.BOUNDED_EVERY == 68]
    assert {bounded.kind_of(seed) for seed in seeds} == set(bounded.KINDS)


def test_a_life_that_spins_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one step: by its core's time. Step after step: by their number."""
    monkeypatch.setattr(run, "LIFE_SECONDS", 0.2)

    def spins(seed: int) -> Outcome:
        while True:
            pass

    assert run.run_life(1, spins).found["stuck"] == 1
    monkeypatch.undo()
    monkeypatch.setattr(life, "MAX_STEPS", 50)
    outcome = life.live(next(seed for seed in range(100) if not ends_early(seed)))
    assert outcome.found["stuck"] == 1
    assert "50 steps" in outcome.problems[0]


def test_failures_are_kept_within_bounds() -> None:
    """A hundred failed lives are kept, and all are counted."""
    summary = Summary()
    for _ in range(5):
        one = Summary()
        for seed in range(30):
            one.take(Outcome(seed, problems=["x"]))
        summary.add(one)
    assert (summary.failures, len(summary.failed)) == (150, run.KEPT)


@pytest.mark.parametrize("seed", range(len(bounded.KINDS)))
def test_each_thing_that_could_grow_is_bounded(seed: int) -> None:
    """One life for each kind; of a thousand lives five are such."""
    outcome = bounded.live(seed)
    assert not outcome.problems
    assert outcome.host_faults[bounded.KINDS[seed]] > 0


@pytest.mark.timeout(600)
def test_hundreds_of_lives() -> None:
    """Nothing lost, doubled, torn or reordered; the equation exact after every step; all met."""
    began = time.perf_counter()
    *_, summary = run.run(LIVES)
    text = describe(summary, time.perf_counter() - began)
    print(text)
    assert not summary.failures, text
    assert not set(summary.unmet) - set(bounded.KINDS), summary.unmet
    # What a life is meant to be: otherwise they prove less than they say.
    assert summary.rows >= 1000 * summary.lives
    assert sum(summary.faults.values()) >= 90 * summary.lives
    assert summary.host_faults["cancelled acollect"] >= 10 * summary.lives
    for kind in ("cancelled flush", "cancelled aclose", "cancelled a task", "loop blocked"):
        assert summary.host_faults[kind] > 0, kind
    for kind in ("suspended", "clock set back", "clock set forward"):
        assert summary.host_faults[kind] > 0, kind
