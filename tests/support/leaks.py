"""A secret and what may not be seen of it, for the tests of the canary and of what we emit."""

from __future__ import annotations

SECRET = "U0VDUkVULVNJR05BVFVSRQ"
