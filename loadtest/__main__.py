"""``python -m loadtest``: the load test of an endpoint (loadtest/endpoint)."""

from __future__ import annotations

import sys

from .endpoint.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
