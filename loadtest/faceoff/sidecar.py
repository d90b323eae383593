"""A stand-in for the sidecar of azureml-ai-monitoring, whose own is closed source.

It takes POST /modeldata/log and appends each record to a blob, in order, through
azure-storage-blob's async client with its defaults. When the real one answers is not known, and
matters for what a collector's process loses with its end; so there are two: one answers when it has
*taken* a record into its memory, one when the record is *stored*. At SIGTERM both finish what they
have taken, however long that lasts. It says its port on stdout.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid

from aiohttp import web
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobClient

from testkit.child import say, stop_event, task_of


class Records:
    """Appends records one after the other. Each has a future: whether it was stored."""

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob
        self._waiting: asyncio.Queue[tuple[bytes, asyncio.Future[bool]] | None] = asyncio.Queue()
        self._writer = asyncio.get_running_loop().create_task(self._write())

    def add(self, line: bytes) -> asyncio.Future[bool]:
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((line, stored))
        return stored

    async def close(self) -> None:
        """Finish what was added."""
        self._waiting.put_nowait(None)
        await self._writer

    async def _write(self) -> None:
        while (record := await self._waiting.get()) is not None:
            line, stored = record
            done = True
            try:
                await self._blob.append_block(line)
            except AzureError as error:
                done = False
                print(f"not stored: {type(error).__name__}", file=sys.stderr)
            if not stored.done():  # its client may be gone
                stored.set_result(done)


async def main() -> None:
    """Serve until SIGTERM, or until the parent is gone."""
    task = task_of()
    stop = stop_event()
    async with BlobClient.from_connection_string(
        task["connection_string"],
        task["container"],
        "instance.jsonl",
        read_timeout=task["attempt_timeout"],
    ) as blob:
        await blob.create_append_blob()
        records = Records(blob)

        async def log(request: web.Request) -> web.Response:
            record = {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "type": request.headers["ce-type"],
                "time": request.headers["ce-time"],
                "datacontenttype": request.content_type,
                "data": await request.json(),
                "xrequestid": request.headers.get("ce-x-request-id"),
            }
            stored = records.add(json.dumps(record).encode() + b"\n")
            if task["answer"] == "stored":
                return web.Response(status=200 if await stored else 500)
            return web.Response()

        app = web.Application()
        app.router.add_post("/modeldata/log", log)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        say(ready={}, port=runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()
        await records.close()


if __name__ == "__main__":
    asyncio.run(main())
