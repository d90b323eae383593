"""deploy/monitoring, read for tests, and Debian's promtool, which evaluates it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import pytest
import yaml

__all__ = ["Rule", "Scrape", "check_rules", "evaluate", "evaluate_dashboard", "rules"]

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "monitoring"
FILE: Final = FOLDER / "alerts.yaml"

# Name and labels of each series, and its value.
Scrape: TypeAlias = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

# How often Prometheus looks, and how long each scrape lasts: longer than any rule's range but that
# of a day, which takes all there is.
MINUTES: Final = 5
LOOKS: Final = 13


class Rule(NamedTuple):
    """One alert."""

    name: str
    expression: str
    summary: str
    action: str
    severity: str
    minutes: int  # how long the expression must be true

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that it reads."""
        return re.findall(r"\baiocollect_\w+", self.expression)

    @property
    def labels(self) -> set[str]:
        """The labels that it knows: those it groups by, and those it selects by."""
        grouped = re.findall(r"\bby \(([\w, ]+)\)", self.expression)
        named = {name for names in grouped for name in names.split(", ")}
        return {*named, *re.findall(r"[{,](\w+)=", self.expression)}


def rules() -> list[Rule]:
    """Those of the file."""
    (group,) = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
    return [
        Rule(
            *(one["alert"], one["expr"]),
            *(one["annotations"]["summary"], one["annotations"]["action"]),
            *(one["labels"]["severity"], int(one.get("for", "0m").removesuffix("m"))),
        )
        for one in group["rules"]
    ]


def promtool() -> str:
    """Where it is; the test is skipped where it is not."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed; on Debian: apt install prometheus")
    return found


def check_rules() -> None:
    """promtool understands the file."""
    done = subprocess.run(
        [promtool(), "check", "rules", str(FILE)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


def evaluate(rule: Rule, scrapes: Mapping[str, Sequence[Scrape]], folder: Path) -> None:
    """promtool fires the alert for each exporter: not when its first two scrapes are seen, and from
    the first look at the third on, or so many minutes later as the rule wants."""
    fires = f'count(ALERTS{{alertname="{rule.name}", alertstate="firing"}}) > bool 0'
    before, after = (f"{MINUTES * LOOKS * number}m" for number in (1, 2))
    later = f"{MINUTES * LOOKS * 2 + rule.minutes}m"
    expected: list[dict[str, Any]] = [
        {"expr": fires, "eval_time": before, "exp_samples": []},
        {"expr": fires, "eval_time": later, "exp_samples": [{"labels": "{}", "value": 1}]},
    ]
    if rule.minutes:
        expected.append({"expr": fires, "eval_time": after, "exp_samples": []})
    tests = [_case(exporter, found, expected) for exporter, found in scrapes.items()]
    _test_rules(tests, folder)


def evaluate_dashboard(expressions: Sequence[str], scrapes: Sequence[Scrape], folder: Path) -> None:
    """Each has a value, when the last scrape is seen."""
    when = f"{MINUTES * LOOKS * (len(scrapes) - 1) + MINUTES}m"
    expected: list[dict[str, Any]] = [
        {
            "expr": f"count({expression}) > bool 0",
            "eval_time": when,
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for expression in expressions
    ]
    _test_rules([_case("dashboard", scrapes, expected)], folder)


def _case(name: str, scrapes: Sequence[Scrape], expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": f"{MINUTES}m",
        "input_series": _series(scrapes),
        "promql_expr_test": expected,
    }


def _test_rules(tests: list[dict[str, Any]], folder: Path) -> None:
    """Have promtool run these tests."""
    file = folder / "test.yaml"
    # JSON is YAML.
    file.write_text(
        json.dumps(
            {
                "rule_files": [str(FILE)],
                "evaluation_interval": f"{MINUTES}m",
                "tests": tests,
            }
        )
    )
    done = subprocess.run(
        [promtool(), "test", "rules", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _series(scrapes: Sequence[Scrape]) -> list[dict[str, Any]]:
    """The series as promtool writes them: each scrape is seen LOOKS times."""
    keys = {key: None for scrape in scrapes for key in scrape}
    return [
        {
            "series": name + "{" + ",".join(f"{n}={json.dumps(v)}" for n, v in labels) + "}",
            "values": " ".join(
                f"{scrape[name, labels]}+0x{LOOKS - 1}"
                if (name, labels) in scrape
                else f"_x{LOOKS}"
                for scrape in scrapes
            ),
        }
        for name, labels in keys
    ]
