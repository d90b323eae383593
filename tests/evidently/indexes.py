"""The population stability index as Evidently computes it, of counts on stdin; JSON on stdout.

Of two columns of categories: Evidently's own bins of numbers are of equal width, ours are deciles.
"""

from __future__ import annotations

import json
import os
import sys

os.environ["DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently.legacy.calculations.stattests import psi_stat_test
from evidently.legacy.core import ColumnType


def main() -> None:
    """One index for each pair of counts."""
    found = []
    for now, then in json.load(sys.stdin):
        columns = [
            pd.Series([name for name, count in side.items() for _ in range(count)])
            for side in (now, then)
        ]
        result = psi_stat_test(columns[1], columns[0], ColumnType.Categorical, 0.1)
        found.append(float(result.drift_score))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
