"""What the demo's two child processes, server and load, share: how they speak and how they end.

They speak in JSON lines on stdout. They end on SIGTERM, on SIGINT, and when their parent is gone,
however it died: the parent holds the other end of their stdin, which then reads as closed. So no
failure leaves an orphan.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from typing import Any

import orjson

__all__ = ["say", "stop_event"]


def say(event: str, **fields: Any) -> None:
    """One JSON line on stdout, at once."""
    # To the descriptor: a buffered stream would keep the line until it is full.
    try:
        os.write(1, orjson.dumps({"event": event, **fields}) + b"\n")
    except BrokenPipeError:
        return  # the parent is gone; stdin says so too, and that ends us


def stop_event() -> asyncio.Event:
    """An event of the running loop that is set when it is time to end."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    mode = os.fstat(0).st_mode
    # Only a pipe tells of a parent. A terminal or /dev/null is somebody trying this by hand.
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):

        def read() -> None:
            if not os.read(0, 1024):
                loop.remove_reader(0)
                stop.set()

        loop.add_reader(0, read)
    return stop
