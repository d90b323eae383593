# /// script
# requires-python = ">=3.11"
# # Evidently 0.7.23 does not import with pandas 3.1.
# dependencies = ["aiocollect[read]", "evidently==0.7.23", "pandas<3.1"]
# ///
"""A report by Evidently on how this week's rows differ from last week's.

    uv run drift_report.py ./modeldata churn report.html --version 10

``uv run`` installs what the lines above name into an environment of their own (PEP 723). For a
table in the terminal, without Evidently: ``aiocollect stats churn --since 7d --against 14d..7d``.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

os.environ.setdefault("DO_NOT_TRACK", "1")  # Evidently reports its use to its makers otherwise

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

import aiocollect


def frame_of(store: str, model: str, **options: Any) -> pd.DataFrame:
    """The rows with their predictions and labels, without the columns that the collector added."""
    frame = aiocollect.read(store, model, **options).to_pandas()
    return frame[[name for name in frame.columns if not name.startswith("$aml_")]]


def report(now: pd.DataFrame, then: pd.DataFrame) -> Any:
    """Evidently's preset; a column that is missing throughout says nothing, and is left out."""
    names = [name for name in now if name in then and now[name].notna().any()]
    names = [name for name in names if then[name].notna().any()]
    numbers = [name for name in names if pd.api.types.is_numeric_dtype(then[name])]
    others = [name for name in names if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=others)
    sides = [Dataset.from_pandas(one[names], data_definition=definition) for one in (now, then)]
    return Report([DataDriftPreset()]).run(*sides)


def main() -> None:
    """Write the report as a page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("store")
    parser.add_argument("model")
    parser.add_argument("page")
    parser.add_argument("--version")
    parser.add_argument("--since", default="7d", help="now: from then on (default: %(default)s)")
    parser.add_argument("--until", default=None)
    parser.add_argument("--baseline", default="14d..7d", help="FROM..UNTIL (default: %(default)s)")
    options = parser.parse_args()
    begin, _, end = options.baseline.partition("..")
    now = frame_of(
        options.store,
        options.model,
        version=options.version,
        start=options.since,
        end=options.until,
    )
    then = frame_of(
        options.store, options.model, version=options.version, start=begin, end=end or None
    )
    found = report(now, then)
    found.save_html(options.page)
    drifted = found.dict()["metrics"][0]["value"]
    print(f"{options.page}: {int(drifted['count'])} columns of {len(then.columns)} have drifted")


if __name__ == "__main__":
    main()
