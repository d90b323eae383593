"""The demo's second model: will this customer leave? Customers are made up, from a seed.

Five columns of three kinds, one of them text, and with cells that are missing: what tables of
production look like. When the drift has begun, incomes are higher: nothing that a server notices,
and what a look at the data does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["FEATURES", "PREDICTION", "churn_scores", "customers"]

FEATURES: Final[dict[str, type[Any]]] = {
    "age": int,
    "income": float,
    "tenure": int,
    "plan": str,
    "visits": int,
}
PREDICTION: Final = "p_churn"
_PLANS: Final = {"basic": 0.6, "plus": 0.3, "pro": 0.1}
# A share of the customers has no known tenure.
_UNKNOWN: Final = 0.02
# What drifted incomes are multiplied by: a fifth of a day like this is seen in the day's PSI.
_DRIFT: Final = 2.2


def customers(count: int, *, chance: random.Random, drifted: bool = False) -> list[list[Any]]:
    """So many rows: age, income, tenure in months or None, plan, visits a month."""
    plans, weights = tuple(_PLANS), tuple(_PLANS.values())
    rows = []
    for _ in range(count):
        income = chance.lognormvariate(8.0, 0.35) * (_DRIFT if drifted else 1.0)
        tenure = None if chance.random() < _UNKNOWN else int(chance.expovariate(1 / 30))
        (plan,) = chance.choices(plans, weights)
        rows.append(
            [chance.randint(18, 79), round(income, 2), tenure, plan, int(chance.expovariate(0.2))]
        )
    return rows


def churn_scores(rows: Sequence[Sequence[Any]]) -> list[float]:
    """The probability for each row. Raises ValueError or TypeError for a row that does not fit."""
    scores = []
    for age, income, tenure, plan, visits in rows:
        known = 30 if tenure is None else tenure
        z = 1.2 - 0.02 * known - 0.05 * visits - 0.00005 * income + 0.004 * age
        scores.append(1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, z - 0.3 * (plan == "pro"))))))
    return scores
