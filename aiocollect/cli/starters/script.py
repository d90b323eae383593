"""A batch job that records what it scores: a line of rows in, a line of scores out.

Needs: pip install "aiocollect[read]"
Start: echo '[[35, 2.5]]' | python score.py
Watch: AIOCOLLECT_STATUS=./status python score.py, and meanwhile aiocollect top ./status
Rows:  aiocollect tail churn/10/inputs --store ./modeldata
"""

import json
import os
import signal
import sys
from contextlib import closing

from aiocollect import Pipeline

# So that SIGTERM ends it in order too: what was scored by then is stored.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

# AIOCOLLECT_STORE=azure://account/container sends the rows there, without a change here.
environ = {"AIOCOLLECT_STORE": "./modeldata", **os.environ}
with closing(Pipeline.from_env(environ, host="thread")) as pipeline:
    churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
    for line in sys.stdin:
        rows = json.loads(line)
        p = [min(1.0, age / 100) for age, _ in rows]  # in place of your model
        churn.collect_wait(inputs=rows, predictions=p)  # waits for room, so it loses no row
        print(p, flush=True)

print(pipeline.close(), file=sys.stderr)  # closed already: it returns the report
