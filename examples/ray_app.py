"""A Ray Serve application of two replicas: each has its own pipeline, and all rows of a day share
one file.

Run it here: ``AIOCOLLECT_STORE=file:///tmp/modeldata serve run ray_app:app``
"""

from __future__ import annotations

import os
from typing import Any

from ray import serve

from aiocollect import Pipeline
from aiocollect.integrations.headers import id_of


# Ray awaits __del__ this long when it ends a replica: longer than the pipeline's close_timeout.
@serve.deployment(num_replicas=2, graceful_shutdown_timeout_s=30)
class Churn:
    """A replica. Its loop is not on the main thread; a pipeline does not mind."""

    def __init__(self) -> None:
        self.pipeline = Pipeline.from_env()
        self.churn = self.pipeline.model(
            "churn", version="10", inputs=["age", "plan"], predictions=["p"]
        )

    async def __call__(self, request: Any) -> dict[str, object]:
        """Answer, and record input and output under the request's id."""
        await self.pipeline.start()  # after the first time it does nothing
        rows = await request.json()
        predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
        correlation_id = self.churn.collect(
            inputs=rows, predictions=predictions, correlation_id=id_of(request.headers.get)
        )
        return {"p": predictions, "id": correlation_id, "replica": os.getpid()}

    async def __del__(self) -> None:
        await self.pipeline.aclose()


app = Churn.bind()  # type: ignore[attr-defined]  # made by the decorator
