"""What the demo records: two models, three streams. Server, auditor and the days before share it.

Of the tumours the predictions alone are recorded: their measurements are patients' data.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .customers import FEATURES
from .customers import PREDICTION as CHURN
from .model import TumourModel

__all__ = ["EARLIER", "RECORDED", "StreamColumns"]

# What the ids of the rows begin with that are made up for the days before.
EARLIER: Final = "earlier-"


class StreamColumns(NamedTuple):
    """The columns of a stream. All but ``texts`` are numbers; any cell may be missing."""

    names: tuple[str, ...]
    texts: frozenset[str] = frozenset()


RECORDED: Final = {
    "churn/inputs": StreamColumns(
        tuple(FEATURES), frozenset(name for name, kind in FEATURES.items() if kind is str)
    ),
    "churn/predictions": StreamColumns((CHURN,)),
    "tumour/predictions": StreamColumns((TumourModel.load().prediction,)),
}
