"""Fixtures for the tests of users; pytest finds them by itself.

It is loaded in every pytest session of everyone who has the package installed. So it imports
nothing that the package does not import, starts nothing by itself, and changes no test that does
not ask for a fixture.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
import subprocess
import time
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from .. import ConfigError, MemoryStore, Pipeline
from ..testing import (
    Fault,
    FaultKind,
    FaultName,
    Operation,
    OperationName,
    emulator_connection_string,
)

__all__ = ["Azurite", "FaultyStore", "Recorded"]

_INI = "aiocollect_azurite"
_STARTS = 60.0  # seconds; a busy machine takes ten


class Recorded:
    """A ``pipeline`` for the code under test, and the rows that reached its ``store``."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        # On a thread of its own it serves tests with and without an event loop.
        self.pipeline = Pipeline(store, host="thread")

    def __repr__(self) -> str:
        return f"<Recorded by {self.pipeline!r}>"

    def rows(self, identifier: str, *, model: str | None = None) -> list[dict[str, str]]:
        """The rows of a stream: cells as text, by column. Waits until all rows are stored.

        Of all models, or of one. Raises FlushTimeout after ten seconds.
        """
        # On another thread, since a test with an event loop may ask too.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(self._flush())).result()
        found: list[dict[str, str]] = []
        for path, data in sorted(self.store.blobs.items()):
            # …/<model>/<version>/<identifier>/<yyyy>/<MM>/<dd>/data.csv
            *_, its_model, _, its_identifier, _, _, _, _ = map(_plain, path.split("/"))
            if its_identifier == identifier and model in (None, its_model):
                found += csv.DictReader(io.StringIO(data.decode(), newline=""))
        return found

    async def _flush(self) -> None:
        await self.pipeline.flush(10.0)


def _plain(segment: str) -> str:
    """A path's segment as it was named."""
    raw = re.sub(b"~([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), segment.encode())
    return raw.decode()


class FaultyStore(MemoryStore):
    """A MemoryStore whose next requests fail by a script: ``store.fail("lost_answer", times=3)``.

    The words are those of aiocollect.testing.FaultKind and Operation.
    """

    def __init__(self) -> None:
        super().__init__(faults=self._next)
        self._script: dict[Operation, deque[Fault]] = {each: deque() for each in Operation}

    def fail(
        self,
        kind: FaultKind | FaultName,
        *,
        times: int = 1,
        on: Operation | OperationName = "append",
        delay: float = 0.0,
    ) -> None:
        """Let the next ``times`` requests ``on`` this operation meet a fault, after those that are
        in the script already. ``delay`` (seconds) is for the kinds that have one. Raises
        ConfigError for unknown words."""
        try:
            fault, operation = Fault(FaultKind(kind), delay), Operation(on)
        except ValueError as error:
            raise ConfigError(
                f"fail(): {error}; the kinds are "
                f"{', '.join(each.value for each in FaultKind)}; the operations (on=) are "
                f"{', '.join(each.value for each in Operation)}"
            ) from None
        self._script[operation].extend([fault] * times)

    @property
    def left(self) -> int:
        """How many faults of the script have not met a request yet."""
        return sum(map(len, self._script.values()))

    def _next(self, operation: Operation, path: str) -> Fault | None:
        script = self._script[operation]
        return script.popleft() if script else None


@dataclass(frozen=True, kw_only=True)
class Azurite:
    """A container of a running storage emulator, new for each test; ``url`` is for Pipeline()."""

    port: int
    container: str

    @property
    def url(self) -> str:
        """What Pipeline() takes, and the variable AIOCOLLECT_STORE."""
        return f"azurite://127.0.0.1:{self.port}/{self.container}"

    @property
    def connection_string(self) -> str:
        """What other clients take."""
        return emulator_connection_string(f"127.0.0.1:{self.port}")

    def blobs(self) -> dict[str, bytes]:
        """The container's blobs of rows as they are now, by path. Blocks."""
        from azure.core.exceptions import ResourceNotFoundError
        from azure.storage.blob import ContainerClient

        with ContainerClient.from_connection_string(
            self.connection_string, self.container
        ) as client:
            try:
                names = list(client.list_blob_names())
                rows = [name for name in names if not name.startswith("_aiocollect/")]
                return {name: client.download_blob(name).readall() for name in rows}
            except ResourceNotFoundError:  # nothing was stored yet
                return {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that says where the emulator is."""
    parser.addini(
        _INI, "path of the azurite-blob that the fixture aiocollect_azurite starts", default=""
    )


@pytest.fixture
def aiocollect_memory() -> Iterator[Recorded]:
    """A pipeline on a store in memory, and its rows: ``.pipeline``, ``.rows("inputs")``."""
    recorded = Recorded(MemoryStore())
    yield recorded
    recorded.pipeline.close()


@pytest.fixture
def aiocollect_faulty_store() -> FaultyStore:
    """A store in memory for a pipeline of yours, which fails by a script: ``.fail("busy")``."""
    return FaultyStore()


@pytest.fixture
def aiocollect_azurite(_aiocollect_azurite_port: int) -> Azurite:
    """A new container of a running Azurite. If Azurite is not installed the test is skipped, and
    the reason says what to install."""
    return Azurite(port=_aiocollect_azurite_port, container=f"test-{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def _aiocollect_azurite_port(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    script = _find(request.config)
    directory = tmp_path_factory.mktemp("azurite")
    command = [
        *("node", str(script), "--blobHost", "127.0.0.1", "--blobPort", "0", "--silent"),
        *("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"),
    ]
    log = directory / "output.txt"  # a pipe that nobody reads would end it
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield _port(process, log)
    finally:
        process.kill()  # all it knows is in memory
        process.wait()


def _find(config: pytest.Config) -> Path:
    """Where the emulator's script is. Skips the test where something is missing."""
    if shutil.which("node") is None:
        pytest.skip("aiocollect_azurite needs node on the PATH: install node 20 or newer")
    told: str = config.getini(_INI)
    if told:
        script = Path(config.rootpath, told)
        if not script.exists():
            pytest.skip(f"{_INI}={told}: no such file in {config.rootpath}")
        return script.resolve()
    on_path = shutil.which("azurite-blob")
    script = Path(on_path) if on_path else config.rootpath / "node_modules/.bin/azurite-blob"
    if not script.exists():
        pytest.skip(
            "aiocollect_azurite needs Azurite: run npm install azurite@3.35.0 in the root "
            f"directory of pytest, or set the pytest option {_INI} to an azurite-blob"
        )
    return script.resolve()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _STARTS
    while True:
        text = log.read_text(errors="replace")
        found = re.search(r"listens? (?:on|at) https?://127\.0\.0\.1:(\d+)", text)
        if found:
            return int(found[1])
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"Azurite did not start: {text.strip()[-500:] or 'it printed nothing'}")
        time.sleep(0.02)
