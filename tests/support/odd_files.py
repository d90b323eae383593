"""What may stand in the place of a file: directories, devices, pipes, sockets, links."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A call that hangs in the system ends by a signal, where no time-out of a test reaches."""

    def over(number: int, frame: Any) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def directory(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    """One of the system's: making one takes rights."""
    path.symlink_to("/dev/zero")


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(path.parent)  # its name may have a hundred bytes
        try:
            listening.bind(path.name)
        finally:
            os.chdir(here)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 2**30)


def loop_of_links(path: Path) -> None:
    path.symlink_to(path)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device": device,
    "a socket": unix_socket,
    "a directory": directory,
    "larger than": huge,
    "Too many levels": loop_of_links,
}
