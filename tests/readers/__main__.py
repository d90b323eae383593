"""``make readers``: asks each library, and writes the page."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from .judged import run
from .page import PAGE, page

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
    PAGE.write_text(page(), encoding="utf-8")
    print(f"written: {PAGE}")
