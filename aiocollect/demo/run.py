"""Runs the demo: a server, a load, a restart under load, an audit.

The server is a process of its own, and so is the load; this one only starts them, listens, and
writes what it hears. It holds the listening socket over the restart, so that requests wait in the
kernel and none is refused. Secrets reach the server through its environment alone. Every wait is
bounded, and no child outlives this process (see children.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import json as json_module
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from .._validation.addresses import read_address
from ..errors import ConfigError
from . import view
from .audit import AuditResult, audit, local_files, read_answers
from .blobs import Unreadable, blob_files, check_blobs
from .children import Child, ChildFailed
from .model import TumourModel

__all__ = ["run_demo"]

_WORKSPACE, _SERVICE = "demo/demo/demo", "demo"
_PREFIX = f"{_WORKSPACE}/{_SERVICE}/tumour/1/"
# Half a second instead of the usual two, so that one sees the rows arrive.
_LINGER = 0.5
# As long as the server keeps them; more than this lowers to the kernel's own limit.
_BACKLOG = 4096
# A cold start of Python on a busy machine.
_START = 30.0
# Longer than the pipeline's close_timeout (10 s) and the server's own (5 s).
_END = 20.0
# The load waits 10 s for the last answers.
_LOAD_END = 20.0


def run_demo(
    *,
    seconds: float = 15.0,
    rate: float = 600.0,
    store: str | None = None,
    container: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    json: bool = False,
) -> int:
    """Run it all and write to stdout; 0 for a good verdict, 1 for a bad one or a failure.

    ``store`` is a path, a URL or a connection string (with ``container``); None is ``modeldata`` in
    ``directory``, which is None for a new folder in ./demo-data. ``json``: one JSON object is the
    last line.
    """
    try:
        demo = _Demo(
            seconds=seconds,
            rate=rate,
            folder=_folder(directory),
            store=store,
            container=container,
        )
        demo.check()
        asyncio.run(demo.live())
        result = demo.judge()
    except KeyboardInterrupt:
        print("\ninterrupted; server and load have ended", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads on. Python's own last flush shall not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ChildFailed, ConfigError, Unreadable, OSError) as error:
        print(f"aiocollect demo: {error}", file=sys.stderr, flush=True)
        result = {"verdict": "failed", "error": str(error)}
    if json:
        print(json_module.dumps(result), flush=True)
    return 0 if result["verdict"] == "good" else 1


def _folder(directory: str | os.PathLike[str] | None) -> Path:
    """The folder for all that the demo writes; made."""
    if directory is not None:
        folder = Path(directory)
    else:
        folder = Path("demo-data", time.strftime("%Y%m%d-%H%M%S"))
        if folder.exists():
            folder = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror
        raise OSError(f"cannot create {folder}: {why}; use another --directory") from None
    return folder


def _local(store: str) -> Path | None:
    """The directory that ``store`` names, or None where it names something else."""
    address = read_address(store, option="--store")
    return Path(address.text) if address.kind == "directory" else None


@dataclass(kw_only=True)
class _Demo:
    """One run. ``servers`` holds what each server said last, in order."""

    seconds: float
    rate: float
    folder: Path
    store: str | None
    container: str | None
    servers: list[Child] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    load: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        default = (self.folder / "modeldata").absolute()
        self.local = default if self.store is None else _local(self.store)
        if self.local is not None and self.container is not None:
            self.local /= self.container

    @property
    def where(self) -> str:
        """The store, as it can be shown: never with a secret."""
        if self.local is not None:
            return f"the directory {self.local}"
        parts = urlsplit(self.store or "")
        if parts.scheme == "azurite":
            return f"the emulator at {parts.netloc}, container {parts.path.strip('/')}"
        return f"Azure append blobs, container {self.container or parts.path.strip('/')}"

    def check(self) -> None:
        """Raise Unreadable where the store could not be audited: now, not at the end."""
        if self.local is None:
            check_blobs(self.store or "", container=self.container)

    async def live(self) -> None:
        """Server and load, from the first start to the last end. Raises ChildFailed."""
        async with contextlib.AsyncExitStack() as stack:
            sock = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
            url = f"http://127.0.0.1:{sock.getsockname()[1]}/score"
            ready = await self._start(stack, sock)
            _say(
                *view.beginning(
                    rate=self.rate,
                    seconds=self.seconds,
                    url=url,
                    where=self.where,
                    loop=ready["loop"],
                ),
                view.heading(),
            )
            load = await stack.enter_async_context(self._load(url))
            await load.expect("start", timeout=_START)
            await asyncio.sleep(self.seconds / 2)
            await self._end()
            _say(view.stopped(self.ends[-1], self._report(-1)))
            await self._start(stack, sock)
            _say(view.restarted(self.starts[-1]))
            self.load = await load.expect("done", timeout=self.seconds + _LOAD_END)
            await self._end()

    async def _start(self, stack: contextlib.AsyncExitStack, sock: socket.socket) -> dict[str, Any]:
        began = time.monotonic()
        store = self.store if self.store is not None else str(self.local)
        environment = {
            "AIOCOLLECT_STORE": store,
            "AIOCOLLECT_WORKSPACE": _WORKSPACE,
            "AIOCOLLECT_SERVICE": _SERVICE,
            "AIOCOLLECT_LINGER": str(_LINGER),
        }
        if self.container is not None:
            environment["AIOCOLLECT_CONTAINER"] = self.container
        server = Child(
            "server",
            arguments=["--fd", str(sock.fileno())],
            environment=environment,
            descriptors=[sock.fileno()],
            log=self.folder / "server.log",
        )
        await stack.enter_async_context(server)
        self.servers.append(server)
        ready = await server.expect("ready", timeout=_START)
        self.starts.append(time.monotonic() - began)
        return ready

    async def _end(self) -> None:
        began = time.monotonic()
        await self.servers[-1].end(timeout=_END)
        self.ends.append(time.monotonic() - began)

    def _load(self, url: str) -> Child:
        arguments = [url, "--rate", str(self.rate), "--seconds", str(self.seconds)]
        return Child(
            "load",
            arguments=[*arguments, "--answers", str(self.folder / "answers.jsonl")],
            log=self.folder / "load.log",
            on_event=self._heard,
        )

    def _heard(self, event: dict[str, Any]) -> None:
        """Each second of the load: one line."""
        if event["event"] != "second":
            return
        lives = [stats for server in self.servers if (stats := _stats(server)) is not None]
        now = lives[-1] if lives else {"budget_used": 0, "budget": 0}
        _say(
            view.second(
                event["second"],
                answered=event["answered"],
                p50=event["p50_ms"],
                p99=event["p99_ms"],
                budget_used=now["budget_used"],
                budget=now["budget"],
                appends=sum(stats["appends"] for stats in lives),
                collected=sum(stats["accepted"] for stats in lives),
                stored=sum(stats["stored"] for stats in lives),
            )
        )

    def _report(self, index: int) -> dict[str, Any] | None:
        closed = self.servers[index].latest.get("closed")
        return None if closed is None else closed["report"]

    # The audit --------------------------------------------------------------------------------

    def judge(self) -> dict[str, Any]:
        """Audit, tell, and return all figures. Raises Unreadable, OSError."""
        model = TumourModel.load()
        verdict = audit(
            read_answers(self.folder / "answers.jsonl"),
            self._files(),
            inputs=model.features,
            predictions=[model.prediction],
        )
        _say(*view.verdict_lines(verdict, self.load), "", f"Stored in {self.where}:", "")
        shown = {path.split("/")[-5]: path for path in verdict.files}
        for path, file in self._files():
            if path in shown.values():
                _say(*view.excerpt(path, file))
        local = None if self.local is None else str(self.local)
        _say(*view.ending(folder=str(self.folder), local=local, files=verdict.files))
        return self._result(verdict)

    def _files(self) -> Iterator[tuple[str, BinaryIO]]:
        if self.local is not None:
            return local_files(self.local, prefix=_PREFIX)
        return blob_files(self.store or "", container=self.container, prefix=_PREFIX)

    def _result(self, verdict: AuditResult) -> dict[str, Any]:
        found = asdict(verdict)
        return {
            "verdict": "good" if verdict.good else "bad",
            "answered": {"requests": found.pop("requests"), "rows": found.pop("rows")},
            "stored": {"inputs": found.pop("inputs"), "predictions": found.pop("predictions")},
            **found,
            "seconds": self.seconds,
            "rate": self.rate,
            "load": {name: value for name, value in self.load.items() if name != "event"},
            "restart": {"ended_s": self.ends[0], "started_s": self.starts[1]},
            "servers": [server.latest.get("closed") for server in self.servers],
            "paths": {
                "folder": str(self.folder.absolute()),
                "store": None if self.local is None else str(self.local.absolute()),
                "answers": str((self.folder / "answers.jsonl").absolute()),
            },
            "audit_again": shlex.join(["python", "-m", "aiocollect.demo.audit", str(self.folder)]),
        }


def _stats(server: Child) -> dict[str, Any] | None:
    """The last that a server said of its pipeline."""
    if "closed" in server.latest:
        stats: dict[str, Any] = server.latest["closed"]["stats"]
        return stats
    return server.latest.get("stats")


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)
