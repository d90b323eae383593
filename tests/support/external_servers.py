"""What tests of servers in environments of their own share: a port, variables, and the files."""

from __future__ import annotations

import csv
import os
import socket
from pathlib import Path

import aiocollect

__all__ = ["PACKAGE", "environment", "files_of", "free_port"]

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
