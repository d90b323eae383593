"""What the commands that serve have in common: the signals that end them, and where they listen."""

from __future__ import annotations

import asyncio
import signal

from aiocollect import ConfigError

__all__ = ["cannot_listen", "in_address", "stop_signal"]


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; for the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def cannot_listen(host: str, port: int, error: OSError) -> ConfigError:
    """What to say where the port is taken or may not be used."""
    return ConfigError(
        f"cannot listen on {host}, port {port} ({error.strerror}); use another --port, or --port 0 "
        "for any free one"
    )


def in_address(host: str) -> str:
    """The host as it stands in an address: an IPv6 one in brackets."""
    return f"[{host}]" if ":" in host else host
