"""A store elsewhere: a process of its own that answers at once, and speaks as much of the service's
language as appending takes.

``python -m loadtest.endpoint.elsewhere TASK``; it ends on SIGTERM. Beside it the emulator can be
told from the collector: what a run on the emulator costs more is the emulator's, which works for
ten and more milliseconds on a block, on the machine that is measured.

Invariants: an append is taken at the blob's end alone, and answers repeat the request's id. What
was stored is written to files at the end, for the auditor.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote, urlsplit

import uvloop

from aiocollect.typing import LOG_ROOT
from testkit.child import say, stop_event, task_of

__all__ = ["Blobs", "Elsewhere"]

_END: Final = b"\r\n\r\n"
_DATE: Final = "Sat, 28 Nov 2026 00:00:00 GMT"
_REASONS: Final = {200: "OK", 201: "Created", 206: "Partial Content", 404: "Not Found"}


class Blobs(dict[str, bytearray]):
    """The blobs by their paths, and what the service answers to a request."""

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body."""
        url = urlsplit(target)
        path = unquote(url.path)
        if method == "PUT" and "restype=container" in url.query:
            return 201, {}, b""
        blob = self.get(path)
        if method == "PUT" and "comp=appendblock" not in url.query:
            if blob is not None:
                return 409, {"x-ms-error-code": "BlobAlreadyExists"}, b""
            self[path] = bytearray()
            return 201, self._state(path), b""
        if blob is None:
            return 404, {"x-ms-error-code": "BlobNotFound"}, b""
        if method == "PUT":
            offset = len(blob)
            if headers.get("x-ms-blob-condition-appendpos", str(offset)) != str(offset):
                return 412, {"x-ms-error-code": "AppendPositionConditionNotMet"}, b""
            blob += body
            return 201, {"x-ms-blob-append-offset": str(offset), **self._state(path)}, b""
        if method == "HEAD":
            return 200, {"Content-Length": str(len(blob)), **self._state(path)}, b""
        first, _, last = headers.get("x-ms-range", "bytes=0-").removeprefix("bytes=").partition("-")
        data = bytes(blob[int(first) : int(last or len(blob)) + 1])
        if not data:
            return 416, {"x-ms-error-code": "InvalidRange"}, b""
        covered = f"bytes {first}-{int(first) + len(data) - 1}/{len(blob)}"
        return 206, {"Content-Range": covered, **self._state(path)}, data

    def _state(self, path: str) -> dict[str, str]:
        return {
            "ETag": f'"0x{len(self[path]):X}"',
            "x-ms-blob-type": "AppendBlob",
            "x-ms-blob-committed-block-count": "1",
            "x-ms-creation-time": _DATE,
        }


class Elsewhere(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._transport: asyncio.Transport
        self._head = b""
        self._body = bytearray()
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no instance of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, end, data = self._head.partition(_END)
            if not end:
                return
            self._head = head
            lines = head.decode("latin-1").split("\r\n")
            self._request = lines[0].split(" ")
            pairs = (line.partition(": ") for line in lines[1:])
            self._headers = {name.lower(): value for name, _, value in pairs}
            self._left = int(self._headers.get("content-length", "0"))
        self._body += data
        self._left -= len(data)
        if not self._left:
            self._answer()

    def _answer(self) -> None:
        method, target, *_ = self._request
        asked = self._headers
        status, headers, body = self._blobs.answer(method, target, asked, bytes(self._body))
        self._head, self._body = b"", bytearray()
        shown = {"Content-Length": str(len(body)), "Last-Modified": _DATE, **headers}
        if "x-ms-client-request-id" in asked:
            shown["x-ms-client-request-id"] = asked["x-ms-client-request-id"]
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Refused')}"]
        lines += [f"{name}: {value}" for name, value in shown.items()]
        self._transport.write("\r\n".join(lines).encode() + _END + body)


async def _main() -> None:
    task = task_of()
    stop, blobs = stop_event(), Blobs()
    server = await asyncio.get_running_loop().create_server(
        lambda: Elsewhere(blobs), "127.0.0.1", 0
    )
    say(port=server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    files: list[Path] = []
    for path, data in blobs.items():
        if f"/{LOG_ROOT}" not in path:
            files.append(Path(task["folder"]) / f"{task['name']}-{len(files)}.blob")
            files[-1].write_bytes(data)
    say(ended=True, files=[str(file) for file in files])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
