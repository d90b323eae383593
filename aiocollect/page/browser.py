"""Whether a browser can be opened here, and opening it."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser

__all__ = ["can_open", "open_browser"]


def can_open() -> bool:
    """Whether there is a screen to open it on. Without one Python would take a browser for
    terminals, which takes the terminal away from what runs in it."""
    if sys.platform.startswith(("win", "darwin")) or "BROWSER" in os.environ:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def open_browser(address: str) -> None:
    """Open it, without holding up the loop; False answers are for who looks at the terminal."""
    await asyncio.to_thread(webbrowser.open, address)
