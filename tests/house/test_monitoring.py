"""deploy/monitoring is what the tool writes from the tables of metrics, and leaves none out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from aiocollect.gateway.metrics import OWN
from aiocollect.metrics import HISTOGRAMS, METRICS
from tests.house.pages import read
from tools.monitoring.alerts import ALERTS, rules_file
from tools.monitoring.dashboard import dashboard_file
from tools.monitoring.names import filled

HINT = "write it again with: python -m tools.monitoring"


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read("deploy/monitoring/grafana.json"))["panels"]
    return found


def test_the_files_are_what_the_tool_writes() -> None:
    """To the letter."""
    assert read("deploy/monitoring/alerts.yaml") == rules_file(), HINT
    assert read("deploy/monitoring/grafana.json") == dashboard_file(), HINT


def test_each_metric_has_a_panel() -> None:
    """The pipeline's and the gateway's, by the names that exporters give them."""
    text = " ".join(target["expr"] for panel in panels() for target in panel.get("targets", ()))
    names = [metric.exposed_name for metric in METRICS]
    names += [f"{found.name}_bucket" for found in HISTOGRAMS] + [metric.name for metric in OWN]
    assert not [name for name in names if f"{name}{{" not in text]


def test_panels_stand_beside_one_another() -> None:
    """None covers another, none is wider than the screen, and each has a number of its own."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_an_unknown_name_is_an_error() -> None:
    """A metric that was renamed cannot stay in an alert."""
    assert filled("${rows_accepted} > 0") == "aiocollect_rows_accepted_total > 0"
    with pytest.raises(KeyError):
        filled("${rows_acepted} > 0")


def test_each_alert_says_what_to_do() -> None:
    """In a sentence, with a severity that somebody can route by."""
    (group,) = yaml.safe_load(read("deploy/monitoring/alerts.yaml"))["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [alert.name for alert in ALERTS]
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert all(text.endswith(".") for text in rule["annotations"].values()), rule["alert"]
