"""docs/reference/formats.md names the versions that the code writes."""

from __future__ import annotations

import re

from aiocollect._core.log_lines import VERSION as LOG
from aiocollect._spool.format import VERSION as SPOOL
from aiocollect.reading.compacted.footer import _VERSION as COMPACTED
from aiocollect.stats import STATUS_FORMAT
from aiocollect.stores.local.ledger import _VERSION as LEDGER
from aiocollect.stores.local.ledger import RECORD_BYTES
from tests.house.pages import read

PAGE = read("docs/reference/formats.md")


def test_the_versions_are_those_of_the_code() -> None:
    """Each format has its number, and the spool's history ends with it."""
    table = PAGE.partition("| format | version |")[2].partition("\n\n")[0]
    shown = [int(number) for number in re.findall(r"^\| [\w ]+ \| (\d+) \|", table, re.MULTILINE)]
    assert shown == [SPOOL, LOG, STATUS_FORMAT, LEDGER, COMPACTED]
    history = [int(number) for number in re.findall(r"^\| (\d) \| ", PAGE, re.MULTILINE)]
    assert history == list(range(SPOOL, 0, -1))


def test_the_size_of_a_ledger() -> None:
    """As the page has it."""
    assert f"{RECORD_BYTES} bytes with the committed length" in " ".join(PAGE.split())
