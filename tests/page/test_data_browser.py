"""The data page in a real browser."""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect import Pipeline
from tests.page.browser import MEASURED, MISSING, looked_at, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]
CANARY = "canary-7f3a"
NUMBER = 73915.25  # a canary too
# All has been read: the join is what comes last.
READ = (
    "document.querySelectorAll('#joined-rows tr').length === 3"
    " && !document.getElementById('doing').textContent"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a model, the last of which drifted; in a directory."""
    path, chance = tmp_path_factory.mktemp("data") / "store", random.Random(3)
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with Pipeline(path, host="thread", linger=0.1) as pipeline:
        names = ["age", "plan", "same", "income"]
        model = pipeline.model("churn", version="10", inputs=names, predictions=["p"])
        for back in (2, 1, 0):
            for second in range(250):
                cells = [
                    chance.gauss(40 if back else 60, 8),
                    chance.choice(["basic", CANARY]),
                    NUMBER,
                    None if chance.random() < (0.02 if back else 0.2) else chance.random(),
                ]
                at = now - timedelta(days=back) + timedelta(seconds=second)
                model.collect(inputs=[cells], predictions=[[0.5]], at=at)
        assert pipeline.flush_sync(60)
    return path


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    """Of ``aiocollect ui --store``."""
    with served("--store", str(store)) as (found, _):
        yield found


def test_what_is_seen_is_what_read_and_verify_say(store: Path, address: str) -> None:
    """Days, rows, index, missing share, join, verdict; no complaint of the browser, nothing from
    elsewhere, and not one cell."""
    found = looked_at(address, until=READ, evaluate="async () => (await fetch('data.json')).text()")
    texts = found["texts"]
    assert found["messages"] == []
    assert all(url.startswith(found["own"]) for url in found["requests"])
    assert all(status in (200, 303) for status, _ in found["answers"])
    inputs = {"version": "10", "streams": "inputs"}
    read: Any = aiocollect.read
    whole = read(store, "churn", **inputs).profile()
    last = whole.days[-1].day
    now = read(store, "churn", start=last, **inputs).profile()
    before = read(store, "churn", end=last, **inputs).profile()
    assert texts["name"] == f"churn/10/inputs, {last}"
    assert f"{now.rows} rows, {before.rows} in the days to compare with" in texts["said"]
    for one in now.drift_from(before):
        card = f"{one.name}\n{one.now.type}\nPSI {one.psi:.2f}"
        assert card in texts["features"]
        shares = [100 * side.missing_share for side in (one.baseline, one.now)]
        assert f"missing {shares[0]:.1f} → {shares[1]:.1f} %" in texts["features"]
    verdict = aiocollect.verify(store, "churn", version="10", stream="inputs")
    assert texts["days"].split() == [
        word
        for day, proof in zip(reversed(whole.days), reversed(verdict.days), strict=True)
        for word in (f"{day.day:%m-%d}", str(day.rows), proof.state)
    ]
    assert texts["proof-said"].startswith(f"{verdict.days[-1].state}: ")
    joined = read(store, "churn", version="10").profile()
    assert [line.split("\t") for line in texts["joined-rows"].splitlines()] == [
        [str(day.day), str(day.rows), str(day.rows), str(day.rows), "100.0 %", "-"]
        for day in reversed(joined.days)
    ]
    assert texts["verdict"] == "1 of 4 features drifted"
    for told in (found["html"], found["text"], found["value"]):
        assert CANARY not in told
        assert "7391" not in told
        assert "7.39" not in told
    assert texts["values"] == "values hidden"


@pytest.mark.parametrize(("width", "dark"), [(1240, True), (800, False), (390, True)])
def test_nothing_is_wider_than_the_window(address: str, width: int, dark: bool) -> None:
    """At three widths, light and dark; texts have enough contrast, pictures have words."""
    found = looked_at(address, until=READ, width=width, dark=dark, evaluate=MEASURED)
    assert found["messages"] == []
    assert found["value"]["wide"] <= 0
    assert found["value"]["faint"] == []
    assert (found["value"]["ground"] == "rgb(246, 247, 249)") is not dark
    assert all(found["value"]["names"])
    assert any("the largest difference is in bar" in name for name in found["value"]["names"])


def test_a_day_is_chosen_by_the_keyboard(address: str) -> None:
    """Streams and days are links; the address holds what was chosen."""
    second = "document.querySelectorAll('#days a')[1]"
    found = looked_at(
        address,
        until=f"{READ} && ({second}.focus(), true)",
        keys=["Enter"],
        after=f"document.getElementById('name').textContent.endsWith({second}.hash.slice(-10))",
        evaluate="() => [location.hash, document.activeElement.getAttribute('aria-label')]",
    )
    assert found["messages"] == []
    chosen = found["value"][0].partition("@")[2]
    assert found["value"][0].startswith("#churn/10/inputs@")
    assert chosen in found["texts"]["name"]
    assert found["value"][1].startswith(chosen)


def test_with_values_they_are_seen(store: Path) -> None:
    """Names of categories, ends of axes, the latest rows."""
    with served("--store", str(store), "--values") as (address, _):
        ready = f"{READ} && document.querySelector('#last-rows tr')"
        found = looked_at(address, until=ready)
    assert found["texts"]["values"] == "values shown"
    assert CANARY in found["texts"]["features"]
    assert len(found["texts"]["last-rows"].splitlines()) == 20
    assert found["texts"]["last-head"].startswith("age\tplan\tsame\tincome")


def test_beside_the_live_page(store: Path, tmp_path: Path) -> None:
    """Each page has a link to the other one; in a server without a store there is none."""
    with served(str(tmp_path), "--store", str(store)) as (address, _):
        live = looked_at(address, click="#to-data", after=READ)
        assert live["texts"]["name"].startswith("churn/10/inputs")
        assert live["texts"]["to-live"] == "live"
        assert live["messages"] == []
    with served(str(tmp_path)) as (address, _):
        assert "the data" not in looked_at(address)["text"]


def test_nobody_else_sees_it(address: str) -> None:
    """Neither by a foreign name nor with a wrong token; and the answer tells nothing."""
    base, _, token = address.partition("?token=")
    for path in ("data.json", "data.html", "data/data.js"):
        for headers, status in (
            ({"authorization": f"Bearer {token}", "host": "evil.example"}, 421),
            ({"authorization": "Bearer 0123456789abcdef"}, 401),
            ({}, 401),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(base + path, headers=headers))
            assert refused.value.code == status
            assert b"churn" not in refused.value.read()
            refused.value.close()


def test_an_empty_store(tmp_path: Path) -> None:
    """It says so, and what shows up when."""
    (tmp_path / "store").mkdir()
    with served("--store", str(tmp_path / "store")) as (address, _):
        found = looked_at(
            address, until="document.getElementById('verdict').textContent !== 'reading'"
        )
    assert found["texts"]["verdict"] == "nothing is stored here"
    assert "within a minute" in found["texts"]["said"]
    assert json.dumps(found["messages"]) == "[]"
