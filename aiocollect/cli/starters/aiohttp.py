"""A scoring server that records what goes in and what comes out.

Needs: pip install "aiocollect[read]"
Start: python server.py
Score: curl -s 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
Watch: http://127.0.0.1:8000/_aiocollect/
Rows:  aiocollect tail churn/10/inputs --store ./modeldata
"""

import os

from aiohttp import web

from aiocollect import Pipeline
from aiocollect.integrations.aiohttp import setup
from aiocollect.page import page_app

app = web.Application()
# AIOCOLLECT_STORE=azure://account/container sends the rows there, without a change here.
pipeline = setup(app, Pipeline.from_env({"AIOCOLLECT_STORE": "./modeldata", **os.environ}))
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
app.add_subapp("/_aiocollect/", page_app(pipeline))


async def score(request: web.Request) -> web.Response:
    rows = await request.json()
    p = [min(1.0, age / 100) for age, _ in rows]  # in place of your model
    return web.json_response({"p": p, "id": churn.collect(inputs=rows, predictions=p)})


app.router.add_post("/score", score)

if __name__ == "__main__":
    # At SIGTERM it finishes its requests, then stores what is left.
    web.run_app(app, host="127.0.0.1", port=8000)
