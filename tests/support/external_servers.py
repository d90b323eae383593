"""Servers in processes of their own: their variables, their life, a request, and the files."""

from __future__ import annotations

import csv
import http.client
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiocollect

__all__ = [
    "PACKAGE",
    "ExternalServer",
    "ask",
    "environment",
    "external_server",
    "files_of",
    "free_port",
]

PACKAGE = Path(aiocollect.__file__).parents[1]


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def environment(store: Path, *foreign: str, **more: str) -> dict[str, str]:
    """The variables of a server that stores in a directory and imports this package; of ours, of
    azureml's, and of those that begin with ``foreign``, only the ones that are given here."""
    prefixes = ("AIOCOLLECT_", "AML_", *foreign)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    own = {"AIOCOLLECT_STORE": f"file://{store}", "PYTHONPATH": str(PACKAGE)}
    return {**kept, **own, **more}


def files_of(store: Path, identifier: str) -> list[list[dict[str, str]]]:
    """The rows of each of an identifier's files, in their order."""
    files = []
    for path in sorted(store.rglob("*.csv")):
        if path.parts[-5] == identifier:
            with path.open(newline="") as file:
                files.append(list(csv.DictReader(file)))
    return files


class ExternalServer:
    """A running server, which has said where it listens."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.output = ""
        self.port = self._listens()

    def _listens(self) -> int:
        assert self._process.stdout is not None
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", self.output)):
            line = self._process.stdout.readline()
            assert line, self.output
            self.output += line
        return int(found[1])

    def stop(self) -> int:
        """SIGTERM; the exit code. ``output`` is all that it wrote."""
        self._process.send_signal(signal.SIGTERM)
        self.output += self._process.communicate(timeout=30)[0]
        return self._process.returncode


@contextmanager
def external_server(
    *command: str, directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[ExternalServer]:
    """Run the command in ``directory``; it is killed at the end where it still runs."""
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield ExternalServer(process)
        finally:
            process.kill()


def ask(
    port: int, path: str, *, body: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and body of an answer: of a GET, or of a POST where there is a ``body``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
