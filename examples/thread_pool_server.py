"""A scoring server on eight threads, without an event loop, that stores everything at SIGTERM.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata python thread_pool_server.py
    curl 127.0.0.1:8080/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiocollect import Pipeline, RingFull

pipeline = Pipeline.from_env(host="thread")  # with a thread of its own
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])


class Scoring(BaseHTTPRequestHandler):
    """POST rows, get predictions and their id."""

    timeout = 10  # seconds; a silent client must not keep the server from ending

    def do_POST(self) -> None:
        """Answer, and record input and output under one id."""
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
        try:
            # While the store is slow this thread waits for room; collect() would never wait.
            correlation_id = churn.collect_wait(inputs=rows, predictions=predictions, timeout=5)
        except RingFull:
            self.send_error(503)
            return
        answer = json.dumps({"p": predictions, "id": correlation_id}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class PoolServer(ThreadingHTTPServer):
    """Eight threads for all requests, instead of one for each."""

    pool = ThreadPoolExecutor(8)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to the pool."""
        self.pool.submit(self.process_request_thread, request, client_address)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""

    def stop(*_: object) -> None:
        # On another thread, because shutdown() waits for the serve_forever() of this one.
        threading.Thread(target=server.shutdown).start()

    with PoolServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Scoring) as server:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"Serving on http://127.0.0.1:{server.server_port}/score", flush=True)
        server.serve_forever()
    server.pool.shutdown()  # first the requests under way,
    print(pipeline.close())  # then their rows


if __name__ == "__main__":
    main()
