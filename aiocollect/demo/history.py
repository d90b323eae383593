"""The days before: rows of earlier days, so that there is something to compare today with.

A look at the data needs a baseline, and a demo has none. These rows are made up, with scoring times
of the last days and ids that say so, and are recorded as any others; the auditor passes over them.
"""

from __future__ import annotations

import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from aiocollect import Pipeline

from .customers import FEATURES, PREDICTION, churn_scores, customers
from .place import DemoPlace
from .recorded import EARLIER

__all__ = ["record_earlier_days"]

_DAYS: Final = 3
_CALLS: Final = 24  # a day
_ROWS: Final = 20  # a call


async def record_earlier_days(place: DemoPlace) -> None:
    """Store them. Raises AioCollectError where the store refuses."""
    chance, run = random.Random(11), secrets.token_hex(4)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with Pipeline.from_env(place.environment, linger=0.1) as pipeline:
        churn = pipeline.model("churn", version="10", inputs=FEATURES, predictions=[PREDICTION])
        for call in range(_DAYS * _CALLS):
            rows = customers(_ROWS, chance=chance)
            churn.collect(
                inputs=rows,
                predictions=churn_scores(rows),
                correlation_id=f"{EARLIER}{run}-{call}",
                at=today - timedelta(hours=call + 0.5),
            )
        await pipeline.flush()
