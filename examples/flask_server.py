"""A Flask server that takes each request's id; each of its processes stores what it collects.

Run it, here: ``AIOCOLLECT_STORE=file:///tmp/modeldata gunicorn --workers 2 flask_server:app``

Not with ``flask run``, which SIGTERM ends at once: nothing could be stored then.
"""

from __future__ import annotations

from flask import Flask, request

from aiocollect.integrations.flask import Collect

app = Flask(__name__)
collect = Collect(app)
churn = collect.pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])


@app.post("/score")
def score() -> dict[str, object]:
    """Answer, and record input and output under the id that the request has brought."""
    rows = request.get_json()
    predictions = [min(1.0, age / 100) for age, _ in rows]  # stands for a model
    correlation_id = churn.collect(inputs=rows, predictions=predictions)
    return {"p": predictions, "id": correlation_id}


@app.get("/healthz")
def healthz() -> tuple[str, int]:
    """503 while rows do not find their way to the store."""
    return "", 200 if collect.pipeline.healthy() else 503
