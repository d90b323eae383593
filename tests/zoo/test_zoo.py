"""The gate's share of the bug zoo: every mutant fits the code, and a few quick ones are caught.

All of them, on the emulator and in real processes too: ``python -m tests.zoo``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .catalogue import ALL as MUTANTS
from .mutant import Mutant, Unfit
from .own import OWN
from .peers import PEERS
from .run import ROOT, control, judge
from .suites import SUITES

ALL = {mutant.name: mutant for mutant in MUTANTS}
# Caught by one of the first few lives: some seconds each.
QUICK = [
    "the first 412 taken for not landed",
    "identical rows: ids without the writer",
    "prefix of a halved block",
    "replaced blob: no If-Match",
    "lost wake-up",
    "one refused row takes its batch along",
    "a cancelled wait is accepted later",
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, which each mutant leaves as it was."""
    copy = tmp_path_factory.mktemp("zoo") / "aiocollect"
    shutil.copytree(ROOT / "aiocollect", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize("mutant", [m for m in ALL.values() if not m.waiting], ids=lambda m: m.name)
def test_it_fits_the_code(mutant: Mutant, package: Path) -> None:
    """Its text stands once in the code, the changed file is Python, and a suite must catch it."""
    file = package / mutant.file
    source = file.read_text(encoding="utf-8")
    mutant.put_into(package)
    changed = file.read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    assert changed != source
    if not mutant.is_native:
        compile(changed, str(file), "exec")
    assert mutant.finding or mutant.is_native  # what crashes says nothing
    assert mutant.suites
    assert set(mutant.suites) <= SUITES.keys()


def test_a_text_that_does_not_fit_says_so(package: Path) -> None:
    """A mutant that the code has left behind is named, with the remedy."""
    for old in ("no such text in the code", "self"):
        mutant = Mutant("stale", "own: a risk", "_core/lane.py", old, "x", ("lives",), "lost")
        with pytest.raises(Unfit, match=r"stale: its text stands \d+ times .* mend the mutant"):
            mutant.put_into(package)
        assert judge(mutant).state == "unfit"


def test_the_names_are_unique_and_the_zoo_is_large() -> None:
    """Twelve of our own risks, eighteen bugs of peers, each under a name of its own."""
    assert len(ALL) == len(MUTANTS)
    assert len(OWN) >= 12
    assert sum(not mutant.waiting for mutant in PEERS) >= 18
    assert all("#" in mutant.origin for mutant in PEERS)
    assert {suite for mutant in ALL.values() for suite in mutant.suites} == SUITES.keys()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", QUICK)
def test_it_is_caught(name: str) -> None:
    """With the bug put in, a life fails, and its oracle says what went wrong."""
    verdict = judge(ALL[name], seeds=1000)
    assert verdict.state == "caught", verdict


@pytest.mark.timeout(120)
def test_without_a_bug_nothing_is_found() -> None:
    """The control: the same suites on an unchanged copy have nothing to report."""
    used = {suite for name in QUICK for suite in ALL[name].suites}
    assert dict(control(sorted(used), seeds=20)) == dict.fromkeys(used, "")


def test_an_assertion_of_our_own_is_no_catch() -> None:
    """A bug that an assertion of the package stops is not called caught by what follows from it."""
    stopped = Mutant(
        "stopped",
        "own: none",
        "_core/moves.py",
        "    lane.doubt = None\n    note",
        "    note",
        ("replaced",),
        "",
    )
    verdict = judge(stopped, seeds=20)
    assert verdict.state == "survives"
    assert "an assertion of the package's own" in verdict.finding


def test_a_mutant_that_does_nothing_survives() -> None:
    """The other control: a change without effect is not called caught."""
    idle = Mutant(
        "idle",
        "own: none",
        "_core/verdict.py",
        "        data = found.data[min(position, 1) :]\n",
        "        data = found.data[1 if position else 0 :]\n",
        ("replaced", "identical writers"),
        "lost",
    )
    assert judge(idle, seeds=10).state == "survives"
