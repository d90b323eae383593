"""The demo's model: a logistic regression in pure Python.

Loaded from the coefficients in ``model.json``, which ``train.py`` wrote. Scoring one row is thirty
products, a sum and an exponential: about 2 us, so the endpoint's time is the server's own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from operator import mul

__all__ = ["TumourModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TumourModel:
    """Tells from thirty measurements of a tumour how likely it is malignant.

    ``samples`` are real rows of the data it was trained on.
    """

    features: tuple[str, ...]
    prediction: str
    coefficients: tuple[float, ...] = field(repr=False)
    intercept: float = field(repr=False)
    samples: tuple[tuple[float, ...], ...] = field(repr=False)

    @classmethod
    def load(cls) -> TumourModel:
        """The model that is shipped with the package."""
        text = files("aiocollect.demo").joinpath("model.json").read_text(encoding="utf-8")
        shipped = json.loads(text)
        return cls(
            features=tuple(shipped["features"]),
            prediction=shipped["prediction"],
            coefficients=tuple(shipped["coefficients"]),
            intercept=shipped["intercept"],
            samples=tuple(tuple(row) for row in shipped["samples"]),
        )

    def score(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """The probability for each row. Raises ValueError for a row that does not fit."""
        width = len(self.coefficients)
        for row in rows:
            if len(row) != width:
                raise ValueError(f"a row has {len(row)} values; this model takes {width}")
        return [_logistic(self.intercept + sum(map(mul, self.coefficients, row))) for row in rows]


def _logistic(z: float) -> float:
    # By sign, since exp overflows at 710.
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    return (e := math.exp(z)) / (1.0 + e)
