"""A scoring server under test, made at import as users do: by uvicorn, or in gunicorn's master."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .worker import Producers, Task

task = Task()
pipeline = task.pipeline()
producers = Producers(task, pipeline)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The pipeline's own, and its report."""
    async with pipeline.lifespan(app):
        yield
    task.journal.report(await pipeline.aclose())


app = FastAPI(lifespan=lifespan)


@app.post("/score/{producer}/{turn}/{rows}")
async def score(producer: str, turn: int, rows: int) -> dict[str, object]:
    """Record, and say under which id; ``pid`` shows that all workers are at work."""
    return {"id": producers.give(producer, turn, rows=rows), "pid": os.getpid()}
