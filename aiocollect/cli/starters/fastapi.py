"""A scoring server that records what goes in and what comes out.

Needs: pip install fastapi uvicorn "aiocollect[read]"
Start: python server.py
Score: curl -s 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
Watch: http://127.0.0.1:8000/_aiocollect/
Rows:  aiocollect tail churn/10/inputs --store ./modeldata
"""

import os

import uvicorn
from fastapi import FastAPI

from aiocollect import Pipeline
from aiocollect.page import page

# AIOCOLLECT_STORE=azure://account/container sends the rows there, without a change here.
pipeline = Pipeline.from_env({"AIOCOLLECT_STORE": "./modeldata", **os.environ})
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
app = FastAPI(lifespan=pipeline.lifespan)
app.mount("/_aiocollect", page(pipeline))


@app.post("/score")
async def score(rows: list[list[float]]) -> dict[str, object]:
    p = [min(1.0, age / 100) for age, _ in rows]  # in place of your model
    return {"p": p, "id": churn.collect(inputs=rows, predictions=p)}


if __name__ == "__main__":
    # At SIGTERM it waits so many seconds for open answers, then stores what is left.
    uvicorn.run(app, port=8000, timeout_graceful_shutdown=10)
