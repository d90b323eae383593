"""Tries the store, by the same protocol as a pipeline: look, create, append, read back, delete.

One blob with a fixed name, under the workspace and the service, where rows go too: a SAS for one
directory covers it. It is deleted at the end, where that is allowed; where not, the next run
appends to it, so that runs leave one blob and not many. Readers pass over its name.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiocollect.errors import OffsetMismatch, StoreError, StoreRefused
from aiocollect.layouts import escape

from ..facts import ProbeFacts, Step

__all__ = ["look", "path_of", "probe"]

NAME: Final = "_aiocollect/doctor.csv"
# Appends whose time is taken: a median that one slow answer does not move.
APPENDS: Final = 8
NO_ETAG: Final = '"0x8D0000000000000"'
# What makes every further request useless.
_ENDS: Final = ("container_missing", "credential")
# Seconds for all of them.
TRIALS: Final = 4.0


def path_of(workspace: str, service: str) -> str:
    """The name of the blob. Raises ConfigError."""
    parts = [escape(part.lower(), what="each part of workspace") for part in workspace.split("/")]
    return "/".join([*parts, escape(service, what="service"), NAME])


async def look(store: Any, path: str, *, limit: float) -> ProbeFacts:
    """Try what changes nothing; each request at most ``limit`` seconds."""
    return await _Probe(store, path, limit).look()


async def probe(
    store: Any,
    path: str,
    *,
    limit: float,
    before_end: Callable[[], Awaitable[None]] | None = None,
) -> ProbeFacts:
    """Try everything; each request at most ``limit`` seconds. ``before_end`` is awaited while the
    blob is there."""
    return await _Probe(store, path, limit).run(before_end)


class _Probe:
    def __init__(self, store: Any, path: str, limit: float) -> None:
        self._store = store
        self._path = path
        self._limit = limit
        self._etag = ""
        self._length = -1  # -1: not known
        self._latencies: list[float] = []

    def __repr__(self) -> str:
        return f"<_Probe of {self._path}>"

    async def look(self) -> ProbeFacts:
        """Open and list."""
        opened, step = await self._ask(lambda: self._store.open(self._path, head=1))
        there = opened is not None
        listed = None if step.reason in _ENDS else await self._list()
        return ProbeFacts(path=self._path, open=step, list=listed, left_before=there, left=there)

    async def run(self, before_end: Callable[[], Awaitable[None]] | None) -> ProbeFacts:
        """All steps."""
        store, path = self._store, self._path
        steps: dict[str, Any] = {}
        opened, step = await self._ask(lambda: store.open(path, head=1))
        steps["open"] = step
        left_before = opened is not None
        if opened is not None:
            self._length, self._etag = opened.length, opened.etag
        if step.reason in _ENDS or step.outcome in ("unknown", "late"):
            return ProbeFacts(path=path, **steps)
        created, step = await self._ask(lambda: store.create(path, content_type="text/csv"))
        if created is False:
            step = Step("exists", seconds=step.seconds)
            left_before = True
        elif created is not None and self._length < 0:
            self._length, self._etag = 0, getattr(created, "etag", "")
        steps["create"] = step
        if step.reason not in _ENDS and step.outcome not in ("unknown", "late"):
            # Also where the creation was refused: the blob of an earlier run can be there, unseen.
            steps |= await self._write()
            left_before |= step.outcome == "refused" and steps["append"].outcome in (
                "done",
                "mismatch",
            )
        if before_end is not None:
            await before_end()
        steps["list"] = await self._list()
        deleted, steps["delete"] = await self._delete()
        there = left_before or steps["create"].outcome == "done"
        return ProbeFacts(
            path=path,
            latencies=tuple(self._latencies),
            left_before=left_before,
            left=there and not deleted,
            **steps,
        )

    async def _write(self) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        line = f"aiocollect doctor,{secrets.token_hex(8)}\n".encode()
        begin = self._length
        # Of a blob that may not be read the length is not known: the wrong position is refused too,
        # and that shows the right to append.
        begin = max(0, begin)
        steps["append"] = await self._append(line, begin)
        if steps["append"].outcome != "done":
            return steps
        _, steps["misplaced"] = await self._ask(
            lambda: self._store.append(self._path, line, offset=begin)
        )
        found, step = await self._ask(
            lambda: self._store.read(self._path, offset=begin, length=len(line))
        )
        if found is not None and found.data != line:
            step = Step("different", seconds=step.seconds)
        steps["read_back"] = step
        end = _now() + TRIALS
        for _ in range(APPENDS - 1):
            if _now() > end or self._length < 0:
                break
            await self._append(line, self._length)
        return steps

    async def _append(self, line: bytes, offset: int) -> Step:
        appended, step = await self._ask(
            lambda: self._store.append(self._path, line, offset=offset)
        )
        if appended is not None:
            self._length, self._etag = appended.length, appended.etag
            self._latencies.append(step.seconds)
        return step

    async def _list(self) -> Step | None:
        listing = getattr(self._store, "list", None)
        if listing is None:
            return None

        async def first() -> None:
            async for _ in listing(self._path):
                break

        return (await self._ask(first))[1]

    async def _delete(self) -> tuple[bool, Step | None]:
        delete = getattr(self._store, "delete_if", None)
        if delete is None:
            return False, None
        # Of a blob that was not seen: an ETag that none has still shows whether it is allowed.
        etag = self._etag or NO_ETAG
        deleted, step = await self._ask(lambda: delete(self._path, etag=etag))
        if deleted is False:
            step = Step("mismatch", "ConditionNotMet", seconds=step.seconds)
        return bool(deleted), step

    async def _ask(self, request: Callable[[], Awaitable[Any]]) -> tuple[Any, Step]:
        """The answer, None without one; and the step."""
        begin = _now()

        def step(outcome: Any = "done", code: str = "", reason: str = "") -> Step:
            return Step(outcome, code, reason, _now() - begin)

        try:
            async with asyncio.timeout(self._limit):
                return await request(), step()
        except OffsetMismatch as error:
            return None, step("mismatch", error.code)
        except StoreRefused as error:
            return None, step("refused", error.code, error.reason.value)
        except StoreError as error:
            return None, step("unknown", error.code)
        except TimeoutError:
            return None, step("late", "ReadTimeout")


def _now() -> float:
    """Seconds of the event loop's clock, which a test can set."""
    return asyncio.get_running_loop().time()
