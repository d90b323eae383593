"""What a scoring server may record its rows with: the load test's contenders.

Each is started, is given a row and its prediction in each request, and is closed at the server's
end. Imports are made when one is chosen: azureml's runs in an environment of its own.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any, Final, Protocol

__all__ = ["MAKERS", "READERS", "Recorder", "make"]


class Recorder(Protocol):
    """One way of recording."""

    async def start(self) -> None:
        """Get ready."""

    async def record(self, row: list[float], prediction: float) -> None:
        """A row was scored. Returns when the request may be answered."""

    async def close(self) -> None:
        """Store what was recorded."""

    def state(self) -> dict[str, float]:
        """What a timeline is drawn of."""


class Nothing:
    """The server by itself."""

    def __init__(self, task: dict[str, Any]) -> None:
        pass

    async def start(self) -> None:
        """See Recorder."""

    async def record(self, row: list[float], prediction: float) -> None:
        """See Recorder."""

    async def close(self) -> None:
        """See Recorder."""

    def state(self) -> dict[str, float]:
        """See Recorder."""
        return {}


class Ours:
    """aiocollect, at its defaults but for what the task's options say."""

    def __init__(self, task: dict[str, Any]) -> None:
        from aiocollect import Pipeline

        self._task = task
        self._pipeline = Pipeline(**self._where(), **task.get("options", {}))
        names = ["key", *(f"f{number}" for number in range(1, task["columns"]))]
        self._collector = self._pipeline.collector(
            "model", version="1", identifier="rows", feature_names=[*names, "p"]
        )

    def _where(self) -> dict[str, Any]:
        """Where it stores."""
        return {"store": self._task["connection_string"], "container": self._task["container"]}

    async def start(self) -> None:
        """See Recorder."""
        await self._pipeline.start()

    async def record(self, row: list[float], prediction: float) -> None:
        """See Recorder."""
        self._collector.collect([*row, prediction])

    async def close(self) -> None:
        """See Recorder."""
        await self._pipeline.aclose()

    def state(self) -> dict[str, float]:
        """See Recorder."""
        stats = self._pipeline.stats()
        return {
            "accepted": stats.accepted,
            "stored": stats.stored,
            "used": stats.budget_used / stats.budget,
        }


class OursInMemory(Ours):
    """aiocollect on a store in its own memory: what it costs by itself, without the emulator's
    share of the machine. What it has stored is brought to the emulator at the end, for the
    auditor."""

    def _where(self) -> dict[str, Any]:
        from aiocollect import MemoryStore

        self._store = MemoryStore()
        return {"store": self._store}

    async def close(self) -> None:
        """See Recorder."""
        from azure.storage.blob.aio import ContainerClient

        await super().close()
        async with ContainerClient.from_connection_string(
            self._task["connection_string"], self._task["container"]
        ) as container:
            for name, data in self._store.blobs.items():
                await container.upload_blob(name, data)


class _Blob:
    """What the SDK's own append loops share: the blob, made before the first request."""

    def __init__(self, task: dict[str, Any]) -> None:
        from azure.storage.blob.aio import BlobClient

        self._blob = BlobClient.from_connection_string(
            task["connection_string"], task["container"], "rows.csv"
        )

    async def start(self) -> None:
        """See Recorder."""
        await self._blob.create_append_blob()

    def state(self) -> dict[str, float]:
        """See Recorder."""
        return {}


def _line(row: list[float], prediction: float) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([*row, prediction])
    return text.getvalue().encode()


class AwaitedAppend(_Blob):
    """One append of the SDK for each request, awaited before the answer."""

    async def record(self, row: list[float], prediction: float) -> None:
        """See Recorder."""
        await self._blob.append_block(_line(row, prediction))

    async def close(self) -> None:
        """See Recorder."""
        await self._blob.close()


class Afternoon(_Blob):
    """Written in an afternoon: an asyncio.Queue, csv.writer, and the SDK's append in a task."""

    MOST_ROWS: Final = 500

    def __init__(self, task: dict[str, Any]) -> None:
        super().__init__(task)
        self._queue: asyncio.Queue[tuple[list[float], float] | None] = asyncio.Queue()

    async def start(self) -> None:
        """See Recorder."""
        await super().start()
        self._task = asyncio.create_task(self._write())

    async def record(self, row: list[float], prediction: float) -> None:
        """See Recorder."""
        self._queue.put_nowait((row, prediction))

    async def _write(self) -> None:
        ended = False
        while not ended:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            item = await self._queue.get()
            await asyncio.sleep(0.5)  # let some come together
            for number in range(1, self.MOST_ROWS + 1):
                if item is None:
                    ended = True
                    break
                writer.writerow([*item[0], item[1]])
                if number == self.MOST_ROWS or self._queue.empty():
                    break
                item = self._queue.get_nowait()
            if text.tell():
                await self._blob.append_block(text.getvalue().encode())

    async def close(self) -> None:
        """See Recorder."""
        self._queue.put_nowait(None)
        await self._task
        await self._blob.close()


class AzureMl:
    """azureml-ai-monitoring, with a sidecar beside it; closed by the call that its documents do not
    name, in its favour."""

    def __init__(self, task: dict[str, Any]) -> None:
        import pandas
        from azureml.ai.monitoring import Collector  # type: ignore[import-not-found]

        self._frame = pandas.DataFrame
        self._names = ["key", *(f"f{number}" for number in range(1, task["columns"])), "p"]
        self._collector = Collector(name="rows")

    async def start(self) -> None:
        """See Recorder."""

    async def record(self, row: list[float], prediction: float) -> None:
        """See Recorder."""
        self._collector.collect(self._frame([[*row, prediction]], columns=self._names))

    async def close(self) -> None:
        """See Recorder."""
        from azureml.ai.monitoring.init import teardown  # type: ignore[import-not-found]

        await asyncio.to_thread(teardown, wait_for_flush=True)

    def state(self) -> dict[str, float]:
        """See Recorder."""
        return {}


MAKERS: Final[dict[str, Callable[[dict[str, Any]], Recorder]]] = {
    "none": Nothing,
    "aiocollect": Ours,
    "memory": OursInMemory,
    "awaited": AwaitedAppend,
    "afternoon": Afternoon,
    "azureml": AzureMl,
}
# How the auditor reads what each has stored; "": nothing.
READERS: Final = {
    "none": "",
    "aiocollect": "csv",
    "memory": "csv",
    "awaited": "bare",
    "afternoon": "bare",
    "azureml": "envelopes",
    "gateway": "csv",
}


def make(task: dict[str, Any]) -> Recorder:
    """The recorder that a task names."""
    return MAKERS[task["recorder"]](task)
