"""What the demo's two child processes, server and load, share: how they speak and how they end.

They speak in JSON lines on stdout, and hear what their parent asks for in lines on stdin. They end
on SIGTERM, on SIGINT, and when their parent is gone, however it died: its end of their stdin then
reads as closed. So no failure leaves an orphan.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable
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


def stop_event(hear: Callable[[str], None] = lambda line: None) -> asyncio.Event:
    """An event of the running loop that is set when it is time to end. ``hear`` gets each line that
    the parent writes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    mode = os.fstat(0).st_mode
    # Only a pipe tells of a parent. A terminal or /dev/null is somebody trying this by hand.
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        rest = b""

        def read() -> None:
            nonlocal rest
            data = os.read(0, 4096)
            if not data:
                loop.remove_reader(0)
                stop.set()
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                hear(line.decode())

        loop.add_reader(0, read)
    return stop
