"""Run the Ray application of examples/ until SIGTERM: two replicas, all on 127.0.0.1.

    python serve_app.py PORT

Says ``serving`` once both replicas answer, and ``ended`` when they have been shut down.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

# Read by Ray when it is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_DEDUP_LOGS"] = "0"

import ray
from ray import serve
from ray_app import app


def main(port: int) -> None:
    """Serve until SIGTERM."""
    ended = threading.Event()
    ray.init(
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        _node_ip_address="127.0.0.1",
    )
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(app)
    print("serving", flush=True)
    ended.wait()
    serve.shutdown()
    ray.shutdown()
    print("ended", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
