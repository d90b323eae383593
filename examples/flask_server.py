"""A Flask server that uses each request's id; each of its processes stores what it collects.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata gunicorn --workers 2 flask_server:app
    curl 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'

Do not use ``flask run``: SIGTERM ends it at once, and nothing can be stored.
"""

from __future__ import annotations

from flask import Flask, request

from aiocollect.integrations.flask import Collect

app = Flask(__name__)
collect = Collect(app)
churn = collect.pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])


@app.post("/score")
def score() -> dict[str, object]:
    """Answer, and record input and output under the request's id."""
    rows = request.get_json()
    predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
    correlation_id = churn.collect(inputs=rows, predictions=predictions)
    return {"p": predictions, "id": correlation_id}


@app.get("/healthz")
def healthz() -> tuple[str, int]:
    """503 while rows do not reach the store. For an alert, not for a readiness probe."""
    return "", 200 if collect.pipeline.healthy() else 503
