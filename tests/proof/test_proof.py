"""The long proofs add up, know their code, and cannot be good by what was never met."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from aiocollect.testing import FaultKind
from tests.simulation.coverage import RARE, STEPS
from tests.simulation.host_faults import KINDS as HOST_KINDS
from tests.simulation.run import said

from . import page, shard
from .code import EDGES, WAY_BACK, closure, digest, package
from .record import Entry, Key, Record
from .runner import Runner, Shard
from .simulated import MANY, MOST, PAIRS, unmet_lives
from .suites import SUITES
from .tally import Tally
from .verdict import standings

KEY = Key("whole lives", "native", "c0de", "3.11.7")
LIVES = SUITES["whole lives"]
CONTROL = SUITES["compaction without a rule"]


def tally(units: int = 250, **failed: str) -> Tally:
    return Tally(units, 1000, 10.0, {"faults": Counter(late=units)}, failed)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "proofs.json")


def runner_of(record: Record, *names: str, ways: tuple[str, ...] = ("native", "python")) -> Runner:
    """A runner of some suites, which tells nobody."""
    suites = [SUITES[name] for name in names]
    return Runner(record, suites, ways, jobs=1, say=lambda _: None, revision="abc")


def put(record: Record, key: Key, item: int | str, told: Tally) -> None:
    """A shard has come to its end."""
    record.add(key, item, told, day="2026-11-28", revision="abc", goal=100_000)


# The record -------------------------------------------------------------------------------------


def test_shards_add_up_over_runs_and_each_counts_once(record: Record) -> None:
    """Sums of lives, rows and faults; a shard that comes twice is one."""
    for item in (0, 250, 250):
        put(Record(record.path), KEY, item, tally())
    (entry,) = record.entries().values()
    assert (entry.done, entry.tally.units, entry.tally.rows) == ([0, 250], 500, 2000)
    assert entry.tally.of("faults") == {"late": 500}


def test_other_code_begins_anew_and_the_older_sums_stay(record: Record) -> None:
    """What was run of earlier code counts for nothing of the present one, failures included."""
    put(record, KEY, 0, tally(s7="lost: 1"))
    put(record, KEY._replace(code="other"), 0, tally())
    older, newer = record.entries().values()
    assert (older.done, older.tally.units, older.failures) == ([], 250, {"s7": "lost: 1"})
    assert record.newest() == {"whole lives": [newer]}
    assert "## Earlier code" in page.page(record)


def test_a_record_is_replaced_as_a_whole(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends while it writes leaves the one before."""
    put(record, KEY, 0, tally())

    def ended(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", ended)
    with pytest.raises(KeyboardInterrupt):
        put(record, KEY, 250, tally())
    assert [entry.done for entry in record.entries().values()] == [[0]]


def test_a_failed_seed_stays_until_the_code_is_another(record: Record) -> None:
    """By its name, with the command that replays it; the run that only tells ends with 1."""
    runner = runner_of(record, "whole lives")
    put(record, runner.key(LIVES, "native"), 0, tally(s7="lost: 1"))
    (one,) = standings(runner.entries())
    assert not one.good
    assert one.failures == {"s7": "lost: 1"}
    assert "python -m tests.simulation --seed s7 --trace" in page.page(record)


# What is asked of a total -----------------------------------------------------------------------


def met(units: int) -> Tally:
    """A total that has met everything."""
    told = Tally(units)
    told.count("faults", dict.fromkeys((kind.value for kind in FaultKind), 1))
    told.count("host faults", dict.fromkeys(HOST_KINDS, 1))
    told.count("steps", dict.fromkeys(map(said, STEPS), 1))
    return told


@pytest.mark.parametrize(
    ("units", "table", "kind", "finding"),
    [
        (MANY, "faults", FaultKind.TORN.value, "faults"),
        (MANY, "host faults", HOST_KINDS[0], "host faults"),
        (MANY, "steps", said(min(STEPS - RARE)), "steps"),
        (MOST, "steps", said(("idle", "rest", "idle")), "pairs"),
        (MANY, "steps", said(("idle", "rest", "idle")), ""),
        (MANY - 1, "faults", FaultKind.TORN.value, ""),
    ],
)
def test_a_long_total_that_never_met_a_kind_fails(
    units: int, table: str, kind: str, finding: str
) -> None:
    """Each kind of fault, each step, from 10,000 lives on each pair; fewer need not."""
    told = met(units)
    assert not unmet_lives(told)
    del told.counts[table][kind]
    assert list(unmet_lives(told)) == ([finding] if finding else [])


def test_the_lanes_table_has_32_pairs() -> None:
    """As the promise says."""
    assert len(PAIRS) == 32


# The code under proof ---------------------------------------------------------------------------


def test_words_do_not_count_and_code_does(tmp_path: Path) -> None:
    """A comment, a docstring, a blank line; and another number."""
    file = tmp_path / "a.py"
    told: list[str] = []
    for text in (
        'def f():\n    """One."""\n    return 1\n',
        'def f():\n    """Two."""\n\n    return 1  # here\n',
        "def f():\n    return 2\n",
    ):
        file.unlink(missing_ok=True)
        file = tmp_path / f"{len(told)}" / "a.py"
        file.parent.mkdir()
        file.write_text(text)
        told.append(digest([file], root=file.parent))
    assert told[0] == told[1] != told[2]


def test_what_decides_rows_is_under_proof() -> None:
    """The rooms of the engine and the core's sources; not the edges, nor the way back."""
    names = {path.name for path in package(without=EDGES | WAY_BACK)}
    assert {"lane.py", "pump.py", "engine.py", "calls.hpp", "csv.py", "journal.py"} <= names
    assert not {"planner.py", "compactor.py", "diagnosis.py"} & names


def test_a_suite_is_all_that_it_imports(tmp_path: Path) -> None:
    """Also inside of functions, and of tests the conftest.py beside them."""
    for name, text in {
        "tests/a.py": "def f():\n    from . import b\n",
        "tests/b.py": "import testkit.c\n",
        "testkit/c.py": "import os\n",
        "tests/conftest.py": "",
        "tests/other.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [str(path.relative_to(tmp_path)) for path in closure(["tests.a"], root=tmp_path)]
    assert found == ["testkit/c.py", "tests/a.py", "tests/b.py"]
    found = [str(path.relative_to(tmp_path)) for path in closure(["tests/b.py"], root=tmp_path)]
    assert found == ["testkit/c.py", "tests/b.py", "tests/conftest.py"]


# The run ----------------------------------------------------------------------------------------


def test_the_suite_furthest_from_its_goal_is_next(record: Record) -> None:
    """So that a run of any length has something of each."""
    names = ("machines that crash", "whole lives")
    runner = runner_of(record, *names)
    first = runner.next(60.0)
    assert first is not None
    assert first.suite.name == names[0]
    put(record, first.key, first.item, tally())
    second = runner.next(60.0)
    assert second is not None
    assert (second.suite.name, second.item) == (names[1], 0)


def test_what_would_not_end_in_time_is_not_begun(record: Record) -> None:
    """By what a shard took until now."""
    runner = runner_of(record, "whole lives")
    put(record, runner.key(LIVES, "native"), 0, tally())
    assert runner.next(9.0) is None
    assert runner.next(11.0) is not None


def test_each_fifth_shard_is_pythons_and_only_those_run_without_a_core(record: Record) -> None:
    """Both cores have a share of each goal."""
    ways = [LIVES.way(index) for index in range(10)]
    assert ways == (["native"] * 4 + ["python"]) * 2
    first = runner_of(record, "whole lives", ways=("python",)).next(60.0)
    assert first is not None
    assert (first.item, first.key.way) == (4 * LIVES.size, "python")


def test_a_shard_that_takes_its_process_along_has_its_seed_named(record: Record) -> None:
    """It is a failure, and the shard is not done."""
    runner = runner_of(record, "whole lives")
    key = runner.key(LIVES, "native")
    runner._take(Shard(LIVES, 0, key), {"seed": "17"}, "Segmentation fault", -11)
    (entry,) = record.entries().values()
    assert entry.failures == {"17": "its process ended with -11: Segmentation fault"}
    assert entry.done == []


@pytest.mark.parametrize(("code", "counted"), [("", True), ("0ther", False)])
def test_a_shard_counts_for_the_code_that_it_ran_on(
    record: Record, code: str, counted: bool
) -> None:
    """Where the code is changed while it runs, nobody knows which one it proved."""
    runner = runner_of(record, "whole lives")
    key = runner.key(LIVES, "native")
    runner._take(
        Shard(LIVES, 0, key), {"tally": tally().as_json(), "code": code or key.code}, "", 0
    )
    assert bool(record.entries()) == counted


def test_a_shard_in_a_process_of_its_own(record: Record) -> None:
    """From the command to the record; its rule is the first of the suite."""
    rule = CONTROL.items()[1]
    suite = CONTROL._replace(items=lambda: [rule])
    told: list[str] = []
    runner = Runner(record, [suite], jobs=1, say=told.append, revision="abc")
    asyncio.run(runner.run(60.0))
    (entry,) = record.entries().values()
    assert (entry.done, entry.tally.units, entry.failures) == ([rule], 1, {}), told
    assert runner.next(60.0) is None


def test_an_interrupted_shard_is_ended_and_counts_for_nothing(record: Record) -> None:
    """At any moment; what it had begun is missing as before."""
    runner = runner_of(record, "whole lives")

    async def main() -> None:
        run = asyncio.create_task(runner.run(3600.0))
        while not runner.running:
            await asyncio.sleep(0.01)
        (process,) = runner.running
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert process.returncode is not None

    asyncio.run(main())
    assert not record.entries()


def test_a_shard_tells_its_seeds_and_its_sums(capsys: pytest.CaptureFixture[str]) -> None:
    """In lines of JSON; 1 where one failed."""
    assert shard.main(["compaction without a rule", "parquet: no watermark"]) == 0
    *seeds, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert seeds == [{"seed": "no watermark, life 0"}]
    assert Tally.of_json(last["tally"]).units == 1


def test_a_shard_that_lacks_something_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install; it is no failure of any seed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert shard.main(["compaction, delta", "0"]) == 3
    assert "deltalake is not installed" in json.loads(capsys.readouterr().out)["obstacle"]


def test_each_suite_names_its_code_and_items() -> None:
    """A digest of twelve, something to run, a name of its own."""
    for suite in SUITES.values():
        assert suite.items()
        assert len(set(suite.items())) == len(suite.items())
        assert len(suite.code()) == 12


def test_the_page_is_that_of_the_record() -> None:
    """It is written from nothing else."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page(Record()), "run: make proof MINUTES=0"


def test_an_entry_is_the_same_when_it_is_read_back() -> None:
    """To the count."""
    entry = Entry(
        KEY, "abc", ("2026-11-28", "2026-11-29"), 100, [0, 250], tally(s7="x"), {"9": "y"}
    )
    assert Entry.of_json(json.loads(json.dumps(entry.as_json(whole=True)))) == entry
