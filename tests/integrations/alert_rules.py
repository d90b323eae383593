"""deploy/alerts.yaml, read for tests, and Debian's promtool, which evaluates it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import pytest

__all__ = ["FILE", "Rule", "Scrape", "check_rules", "promtool", "rules", "evaluate"]

FILE: Final = Path(__file__).parents[2] / "deploy" / "alerts.yaml"

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

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that it reads."""
        return re.findall(r"\baiocollect_\w+", self.expression)

    @property
    def labels(self) -> set[str]:
        """The labels that it knows: those it groups by, and those it selects by."""
        grouped = re.findall(r"\bby \((\w+)\)", self.expression)
        return {*grouped, *re.findall(r"[{,](\w+)=", self.expression)}


def rules() -> list[Rule]:
    """Those of the file, each written in these lines and no others, so that no YAML is needed."""
    text = FILE.read_text(encoding="utf-8")
    found = re.findall(
        r"^      - alert: (\w+)\n"
        r"        expr: (.+)\n"
        r"        annotations:\n"
        r"          summary: (.+)\n"
        r"          action: (.+)\n",
        text,
        re.MULTILINE,
    )
    assert len(found) == text.count("alert:") > 0
    return [Rule(*fields) for fields in found]


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


def evaluate(alert: str, scrapes: Mapping[str, Sequence[Scrape]], folder: Path) -> None:
    """promtool fires the alert for each exporter: not when its first two scrapes are seen, and from
    the first look at the third on."""
    fires = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) > bool 0'
    tests = []
    for exporter, found in scrapes.items():
        before, after = (f"{MINUTES * LOOKS * number}m" for number in (1, 2))
        tests.append(
            {
                "name": exporter,
                "interval": f"{MINUTES}m",
                "input_series": _series(found),
                "promql_expr_test": [
                    {"expr": fires, "eval_time": before, "exp_samples": []},
                    {
                        "expr": fires,
                        "eval_time": after,
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    },
                ],
            }
        )
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
