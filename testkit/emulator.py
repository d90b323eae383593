"""Start and stop the storage emulator (Azurite), for tests and for the demo.

Invariants: it listens on 127.0.0.1 at a port that the system gives; it keeps everything in memory;
it sends no telemetry; it ends with the block that started it, or with the process.

From a shell, for any command (its connection string is in AZURITE_CONNECTION_STRING)::

    python testkit/emulator.py COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiocollect.testing import EMULATOR_ACCOUNT, EMULATOR_KEY, emulator_connection_string
from aiocollect.typing import LOG_ROOT

from .errors import EmulatorMissing

__all__ = [
    "Emulator",
    "EmulatorMissing",
    "blob_bytes",
    "emulator",
    "missing",
]

HERE: Final = Path(__file__).resolve().parent / "azurite"
MAIN: Final = HERE / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
INSTALL: Final = "npm ci --ignore-scripts --no-audit --no-fund --prefix testkit/azurite"


_LISTENS = re.compile(r"listens on https?://127\.0\.0\.1:(\d+)")


def missing() -> str:
    """What must be installed first, and how; "" where nothing is missing."""
    if shutil.which("node") is None:
        return "the Azurite tests need node 20 or newer (with npm) on the PATH; install it first"
    if not MAIN.exists():
        npm = "" if shutil.which("npm") else " (npm is missing too: install it first)"
        return f"Azurite is not installed; run: {INSTALL}{npm}"
    return ""


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running emulator."""

    port: int
    pid: int
    host: str = "127.0.0.1"
    scheme: str = "http"
    account: str = EMULATOR_ACCOUNT
    key: str = field(default=EMULATOR_KEY, repr=False)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The account's URL."""
        return f"{self.scheme}://{self.address}/{self.account}"

    @property
    def connection_string(self) -> str:
        """What an SDK needs."""
        return emulator_connection_string(self.address, scheme=self.scheme)


@contextlib.contextmanager
def emulator(
    *,
    max_blocks: int | None = None,
    max_block_bytes: int | None = None,
    memory_mb: int = 1024,
    timeout: float = 60.0,
    cert: Path | None = None,
    key: Path | None = None,
) -> Iterator[Emulator]:
    """Run an emulator for a while; EmulatorMissing where node or npm packages are not there.

    ``max_blocks`` and ``max_block_bytes`` lower the limits of append blobs (50,000, 100 MiB).
    With ``cert`` and ``key``, PEM files, it speaks https, and takes tokens as well as keys.
    """
    obstacle = missing()
    if obstacle:
        raise EmulatorMissing(obstacle)
    command = [
        *("node", "-r", str(HERE / "preload.js"), str(MAIN)),
        *("--blobHost", "127.0.0.1", "--blobPort", "0"),
        *("--inMemoryPersistence", "--extentMemoryLimit", str(memory_mb)),
        *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
    ]
    if cert is not None and key is not None:
        command += ["--oauth", "basic", "--cert", str(cert), "--key", str(key)]
    environment = dict(os.environ)
    environment.pop("NODE_OPTIONS", None)
    environment["AZURITE_MAX_BLOCKS"] = str(max_blocks or 0)
    environment["AZURITE_MAX_BLOCK_BYTES"] = str(max_block_bytes or 0)
    with tempfile.TemporaryDirectory(prefix="azurite-") as directory:
        # A file: a pipe that nobody reads ends the emulator, sooner or later.
        log = Path(directory) / "output.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the tests; they stop the emulator when they have ended.
                start_new_session=True,
            )
        try:
            port = _wait_for_port(process, log, timeout)
            yield Emulator(port=port, pid=process.pid, scheme="https" if cert else "http")
        finally:
            _stop(process)


def _wait_for_port(process: subprocess.Popen[bytes], log: Path, timeout: float) -> int:
    deadline = time.monotonic() + timeout
    while True:
        text = log.read_text(encoding="utf-8", errors="replace")
        found = _LISTENS.search(text)
        if found:
            return int(found.group(1))
        if process.poll() is not None:
            raise EmulatorMissing(f"Azurite ended at once: {text.strip()[-500:] or 'no output'}")
        if time.monotonic() > deadline:
            raise EmulatorMissing(f"Azurite did not listen within {timeout:g} s")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        # It waits for idle connections to end, up to 5 s each; nothing in it is worth that.
        process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def blob_bytes(connection_string: str, container: str) -> dict[str, bytes]:
    """All blobs of rows of a container, by name, read by the plain SDK: for oracles. Blocks."""
    from azure.core.exceptions import ResourceNotFoundError
    from azure.storage.blob import ContainerClient

    with ContainerClient.from_connection_string(connection_string, container) as client:
        try:
            names = [name for name in client.list_blob_names() if not name.startswith(LOG_ROOT)]
            return {name: client.download_blob(name).readall() for name in names}
        except ResourceNotFoundError:
            return {}


def main(arguments: list[str]) -> int:
    """Run a command with an emulator beside it; returns the command's exit code."""
    if not arguments:
        print("usage: python testkit/emulator.py COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    try:
        with emulator() as running:
            environment = {
                **os.environ,
                "AZURITE_ADDRESS": running.address,
                "AZURITE_CONNECTION_STRING": running.connection_string,
            }
            return subprocess.run(arguments, env=environment, check=False).returncode
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
