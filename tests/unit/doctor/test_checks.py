"""The table of doctor's checks: facts in, lines out. No check looks at anything but its facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiocollect.doctor.checks import CHECKS, judge
from aiocollect.stores.azure import AccountInfo

from .given import NETWORK, of_probe
from .machine_rows import machine_rows
from .store_rows import store_rows

TABLE = (*machine_rows(), *store_rows())
ROWS = {row[0]: row for row in TABLE}


@pytest.mark.parametrize("name", ROWS)
def test_each_check(name: str) -> None:
    """The lines that these facts give, and no others."""
    _, check, facts, wanted = ROWS[name]
    found = list(check(facts))
    shown = [(one.state, one.text, one.remedy) for one in found]
    assert len(found) == len(wanted), shown
    for (state, words, remedy), one in zip(wanted, found, strict=True):
        assert one.state == state, shown
        assert words in one.text, shown
        assert remedy in one.remedy, shown
        assert bool(remedy) == bool(one.remedy), shown


def test_the_table_has_each_check() -> None:
    """None is left out, and no name stands twice."""
    assert {row[1] for row in TABLE} == set(CHECKS)
    assert len(ROWS) == len(TABLE)


def test_a_failure_has_a_remedy_and_is_one_line() -> None:
    """Whoever reads FAIL reads what to do under it."""
    for _, check, facts, _ in TABLE:
        for one in check(facts):
            assert "\n" not in one.text + one.remedy
            assert one.state != "fail" or one.remedy, one
            assert not one.text.endswith("."), one


def test_all_is_well() -> None:
    """Facts of a machine where all is as it should be: no warning, and the verdict says so."""
    facts = replace(of_probe(), network=NETWORK, account=AccountInfo(kind="StorageV2", sku="S"))
    assert {one.state for one in judge(facts)} == {"ok"}
