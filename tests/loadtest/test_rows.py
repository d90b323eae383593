"""The benches' runner: its arithmetic on made-up numbers, its table, and its worktrees.

No test looks at how long anything took.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from functools import partial
from math import inf, isfinite, nan
from pathlib import Path

import pytest

from loadtest.harness.environments import OWN_PYTHON
from loadtest.rows import __main__ as runner
from loadtest.rows import base, hold, rival
from loadtest.rows.load import (
    FEATURES,
    InstantStore,
    RowsWrong,
    check_rows,
    collect_all,
    floats,
    pipeline_on,
)
from loadtest.rows.measure import Figure, Size, percentile, ratios, take_turns
from loadtest.rows.report import as_json, as_text, from_json
from loadtest.rows.table import BENCHES, bench
from testkit.emulator import missing

NEEDS_THE_EMULATOR = {"append", "azurite", "hold", "limits"}


@pytest.mark.parametrize("change", [-1, 1])
def test_a_bench_whose_rows_are_lost_or_doubled_fails(change: int) -> None:
    """Its store counts lines: a row fewer or more than were given, and there are no figures."""
    store, calls = InstantStore(), floats(64)

    async def count() -> None:
        pipeline = pipeline_on(store)
        collect = pipeline.collector("bench", feature_names=FEATURES).collect
        await collect_all(collect, calls, flush=pipeline.flush)  # with the header
        await check_rows(store, collect, calls, flush=pipeline.flush, rows=64)
        with pytest.raises(RowsWrong, match=f"{64 + change} rows were collected, and 64 lines"):
            await check_rows(store, collect, calls, flush=pipeline.flush, rows=64 + change)
        await pipeline.aclose()

    asyncio.run(count())


# Arithmetic ---------------------------------------------------------------------------------------


def test_a_ratio_is_of_one_round() -> None:
    """Cost by base, pair by pair: a machine that is slower in one round changes nothing."""
    assert ratios([2.0, 20.0, 8.0], [1.0, 10.0, 2.0]) == (2.0, 2.0, 4.0)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("samples", "share", "wanted"),
    [
        ([5.0], 0.999, 5.0),
        ([4.0, 1.0, 3.0, 2.0], 0.0, 1.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.5),
        ([4.0, 1.0, 3.0, 2.0], 1.0, 4.0),
        ([0.0, 10.0], 0.25, 2.5),
    ],
)
def test_percentiles_are_between_the_samples(
    samples: list[float], share: float, wanted: float
) -> None:
    """By the straight line between the two nearest, whatever their order."""
    assert percentile(samples, share) == wanted


def test_a_figure_tells_median_and_quartiles() -> None:
    """One wild round moves neither much."""
    figure = Figure("a cost", (1.0, 2.0, 3.0, 4.0, 1000.0))
    assert figure.median == 3.0
    assert figure.spread == (2.0, 4.0)
    assert figure.reached is None


@pytest.mark.parametrize(
    ("goal", "at_least", "reached"),
    [(2.0, False, True), (1.9, False, False), (2.0, True, True), (2.1, True, False)],
)
def test_a_goal_is_at_most_or_at_least(goal: float, at_least: bool, reached: bool) -> None:
    """By the median, and the goal itself is reached."""
    figure = Figure("a cost", (1.0, 2.0, 9.0), goal=goal, at_least=at_least)
    assert figure.reached is reached
    assert ("not reached" in as_text([figure])) is not reached


@pytest.mark.parametrize("samples", [(), (nan,), (1.0, inf)])
def test_no_figure_without_finite_samples(samples: tuple[float, ...]) -> None:
    """A bench that measured nothing cannot tell it."""
    with pytest.raises(ValueError, match="no finite samples"):
        Figure("nothing", samples)


def test_sides_take_turns() -> None:
    """Each side once a round, every other round the other way around; warm rounds not counted."""
    order = ""

    def side(name: str) -> float:
        nonlocal order
        order += name
        return float(len(order))

    costs = take_turns({name: partial(side, name) for name in "ab"}, rounds=3)
    assert order == "ba" + "ab" + "ba" + "ab"
    assert costs == {"a": [3.0, 6.0, 7.0], "b": [4.0, 5.0, 8.0]}


def test_new_by_base_is_of_one_pair_of_processes() -> None:
    """The medians' quotient, pair by pair; what one side lacks, or is 0 there, is left out."""
    pairs = [
        ([Figure("x", (1.0, 2.0, 3.0)), Figure("new", (1.0,))], [Figure("x", (4.0,))]),
        (
            [Figure("x", (6.0,)), Figure("none", (0.0,))],
            [Figure("x", (2.0,)), Figure("none", (0.0,))],
        ),
    ]
    (figure,) = base.compare(pairs)
    assert (figure.name, figure.samples) == ("x", (0.5, 3.0))


def test_figures_survive_json() -> None:
    """What a child process prints is what it had measured."""
    figures = [Figure("x", (1.0, 2.5), unit="%", goal=3.0, at_least=True, note="by hand")]
    assert from_json(json.loads(json.dumps(as_json(figures)))) == figures


def test_what_is_compared_imports_what_older_revisions_have() -> None:
    """The names below stood where they stand before the package had its rooms."""
    found = set()
    for module in (*runner.COMPARED, "load", "measure", "report", "base", "table", "__main__"):
        for line in (base.ROOT / "loadtest" / "rows" / f"{module}.py").read_text().splitlines():
            if line.startswith(("from aiocollect", "import aiocollect", "from testkit")):
                found.add(line)
    # Of the test kit only what does not import the package itself.
    assert "aiocollect" not in (base.ROOT / "testkit" / "errors.py").read_text()
    assert found == {
        "from testkit.errors import EmulatorMissing",
        "from aiocollect import Pipeline",
        "from aiocollect._core.ids import Ids, timestamp_text",
        "from aiocollect.encoders import CsvEncoder, JsonlEncoder",
        "from aiocollect.errors import Refusal, StoreRefused",
        "from aiocollect.typing import Appended, Opened, Range",
        "from aiocollect.typing import Encoder, Piece, Schema",
    }


# The table ----------------------------------------------------------------------------------------


def test_a_missing_bench_is_skipped_with_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module need not be there; the others run."""
    monkeypatch.setitem(BENCHES, "nowhere", "a bench that nobody has written")
    figures, failed = runner.run_all(["nowhere", "blocks"], Size(small=True), as_they_come=False)
    assert not failed
    assert figures
    assert "loadtest/rows/nowhere.py is not there; skipped" in capsys.readouterr().err


def test_a_bench_that_fails_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no other along, and the exit code says it."""

    def fail(size: Size) -> list[Figure]:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("loadtest.rows.blocks.run", fail)
    assert runner.main(["blocks", "--small"]) == 1
    assert "blocks: failed" in capsys.readouterr().err


def test_a_bench_that_imports_what_is_missing_is_no_missing_bench(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only its own absence is skipped."""

    def absent(name: str) -> None:
        raise ModuleNotFoundError("no such library", name="library")

    monkeypatch.setattr("loadtest.rows.table.importlib.import_module", absent)
    with pytest.raises(ModuleNotFoundError, match="library"):
        bench("rows")


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    with pytest.raises(SystemExit):
        runner.main(["row"])
    assert "there is no bench 'row'; there are collect, encoders, rows" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(BENCHES))
def test_each_bench_gives_finite_figures(name: str) -> None:
    """In its smallest form; each figure once."""
    run = bench(name)
    if run is None:
        pytest.skip(f"loadtest/rows/{name}.py is not there")
    if name in NEEDS_THE_EMULATOR and missing():
        pytest.skip(missing())
    figures = run(Size(small=True))
    assert figures
    assert all(isfinite(sample) for figure in figures for sample in figure.samples)
    assert len({figure.name for figure in figures}) == len(figures)


def test_each_callback_is_watched_but_the_producers_own() -> None:
    """Callbacks that say that they are not the collector's are left out; after the block none is
    looked at."""

    loop = asyncio.new_event_loop()
    with hold.watching() as watch:
        for number in range(5):
            loop.call_soon(setattr, watch, "mine", number < 2)
        loop.call_soon(loop.stop)
        loop.run_forever()
    assert len(watch.holds) == 3 + 1  # and the stop
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert len(watch.holds) == 3 + 1


def test_the_rival_is_compared_by_medians_without_the_loop_itself() -> None:
    """What an empty call takes is taken off both sides; the medians are each side's own."""
    ours = [
        {"list": 1100.0, "frame": 9100.0, "put": 300.0, "nothing": 100.0},
        {"list": 1500.0, "frame": 9900.0, "put": 300.0, "nothing": 100.0},
        {"list": 1100.0, "frame": 9100.0, "put": 300.0, "nothing": 100.0},
    ]
    theirs = [{"frame": 10_050.0, "made": 50_050.0, "put": 250.0, "nothing": 50.0}]
    found = rival.quotients(ours, theirs)
    assert found["our list by its frame"] == 1000 / 10_000
    assert found["our frame by its frame"] == 9000 / 10_000
    assert found["our list by its frame, made of the list"] == 1000 / 50_000
    assert found["its frame by put_nowait beside it"] == 10_000 / 200
    assert found["our frame by put_nowait beside it"] == 9000 / 200
    assert found["our list by put_nowait beside it"] == 1000 / 200
    assert found["its frame, microseconds"] == 10.0
    told = {figure.name: figure for figure in rival.figures([found, found])}
    figure = told["azureml-ai-monitoring: our list by its frame"]
    assert (figure.samples, figure.goal, figure.reached) == ((0.1, 0.1), 0.05, False)


def test_without_the_rivals_environment_the_bench_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line says what is missing and what makes it; the other figures are there."""
    monkeypatch.setattr(rival, "OWN_PYTHON", tmp_path / "python")
    figures, failed = runner.run_all(["collect"], Size(small=True), as_they_come=False)
    assert not failed
    assert {figure.name for figure in figures} >= {"collect(), list of 10 floats"}
    assert not any("azureml" in figure.name for figure in figures)
    assert capsys.readouterr().err.count("make faceoff makes its environment\n") == 1


@pytest.mark.skipif(not OWN_PYTHON.exists(), reason=rival.MISSING)
def test_the_rival_is_the_real_package() -> None:
    """Both processes give all of their rounds."""
    names = [figure.name for figure in rival.run(Size(small=True))]
    assert names[0] == "azureml-ai-monitoring: our list by its frame"


def test_a_rival_that_ends_too_early_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a failure, not a figure."""
    monkeypatch.setattr(rival, "OWN_PYTHON", Path("/bin/true"))
    with pytest.raises(RuntimeError, match="the process of theirs ended"):
        rival.run(Size(small=True))


# Another revision ---------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one commit, whose package says "base"; the tree's own says "new"."""
    package = tmp_path / "repository" / "aiocollect"
    package.mkdir(parents=True)
    module = package / "__init__.py"
    module.write_text("side = 'base'\n")
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", "-C", str(package.parent), *arguments], check=True)
    module.write_text("side = 'new'\n")
    return package.parent


def worktrees(repository: Path) -> list[str]:
    """Git's own list."""
    command = ["git", "-C", str(repository), "worktree", "list", "--porcelain"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in output.splitlines() if line.startswith("worktree ")]


def test_only_the_package_is_of_the_revision(repository: Path) -> None:
    """On the path of a child it comes before the tree's own, and nothing else does."""
    with base.package_of("HEAD", repository=repository) as path:
        assert [entry.name for entry in path.iterdir()] == ["aiocollect"]
        command = [sys.executable, "-P", "-c", "import aiocollect; print(aiocollect.side)"]
        done = subprocess.run(
            command, env={"PYTHONPATH": f"{path}:{repository}"}, capture_output=True, check=True
        )
        assert done.stdout == b"base\n"
        assert len(worktrees(repository)) == 2
    assert len(worktrees(repository)) == 1
    assert not path.exists()


def test_the_worktree_is_removed_after_a_failure(repository: Path) -> None:
    """Whatever goes wrong with it in use."""
    with (
        pytest.raises(ZeroDivisionError),
        base.package_of("HEAD", repository=repository) as path,
    ):
        raise ZeroDivisionError
    assert len(worktrees(repository)) == 1
    assert not path.exists()


def test_a_revision_that_is_none_leaves_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, and there is no worktree to remove."""
    with (
        pytest.raises(base.BaseMissing, match="no-such-revision"),
        base.package_of("no-such-revision", repository=repository),
    ):
        pass
    assert len(worktrees(repository)) == 1
    assert runner.main(["blocks", "--base", "no-such-revision"]) == 3
    assert "no-such-revision" in capsys.readouterr().err
