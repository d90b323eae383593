"""A scoring server that records what goes in and what comes out.

Needs: pip install flask gunicorn "aiocollect[read]"
Start: gunicorn --workers 2 --bind 127.0.0.1:8000 server:app
Score: curl -s 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
Watch: aiocollect ui ./status
Rows:  aiocollect tail churn/10/inputs --store ./modeldata
"""

import os

from flask import Flask, request

from aiocollect import Pipeline
from aiocollect.integrations.flask import Collect

# AIOCOLLECT_STORE=azure://account/container sends the rows there, without a change here.
here = {"AIOCOLLECT_STORE": "./modeldata", "AIOCOLLECT_STATUS": "./status"}
pipeline = Pipeline.from_env({**here, **os.environ}, host="thread")  # one in each worker
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
app = Flask(__name__)
Collect(app, pipeline=pipeline)


@app.post("/score")
def score() -> dict[str, object]:
    rows = request.get_json()
    p = [min(1.0, age / 100) for age, _ in rows]  # in place of your model
    return {"p": p, "id": churn.collect(inputs=rows, predictions=p)}


# Not with `flask run`: SIGTERM ends it at once, and the rows of the last seconds are lost.
