"""Each case of the tables, posted to a running gateway: the answer, and what its store holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.serving import Door, on, records, serving
from tests.peers.case import Case, wrong_with
from tests.peers.cloudevents import FORMAT
from tests.peers.http_binding import BINDING
from tests.peers.knative import EVENTING
from tests.peers.kserve import LOGGER

TABLES: dict[str, tuple[Case, ...]] = {
    "format": FORMAT,
    "binding": BINDING,
    "eventing": EVENTING,
    "logger": LOGGER,
}


async def faults(door: Door, store: Path, cases: Iterable[Case]) -> dict[str, str]:
    """What is wrong, by the names of the cases."""
    found = {}
    before: Counter[str] = Counter()
    for case in cases:
        async with door.client.request(
            case.sent.method, "/", data=case.sent.body, headers=list(case.sent.headers),
            skip_auto_headers=["Content-Type"],
        ) as response:  # fmt: skip
            await response.read()
        assert (await door.gateway.pipeline.flush(30)).complete
        lines = Counter(line for _, line in records(store))
        new: list[Any] = [json.loads(line) for line in (lines - before).elements()]
        before = lines
        told = {name.lower(): value for name, value in response.headers.items()}
        wrong = wrong_with(case, response.status, told, new)
        if wrong:
            found[case.source] = wrong
    return found


@pytest.mark.parametrize("table", TABLES)
def test_cases(tmp_path: Path, table: str) -> None:
    """The answer is the one due, and what was accepted is stored as it was sent."""

    async def scenario() -> None:
        async with serving(tmp_path) as door:
            assert await faults(door, tmp_path, TABLES[table]) == {}

    on("uvloop", scenario)


def test_names() -> None:
    """No case stands twice in a table, and each says where it is from."""
    for cases in TABLES.values():
        names = [case.source for case in cases]
        assert len(names) == len(set(names))
        assert all(case.stored for case in cases if case.kinder)
