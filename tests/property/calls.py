"""Calls and what becomes of them, for the tests of hostile and of large values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Refused
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

SECRET = "cell-4711"


class Panic(BaseException):
    """As native libraries raise."""


def raised(error: type[BaseException]) -> BaseException:
    return error(SECRET)


def hostile(name: str, error: type[BaseException], base: type = object) -> Any:
    """An object whose ``name`` raises; of its metaclass, where the name says so."""

    def method(self: object, *given: object, **named: object) -> Any:
        raise raised(error)

    if name.startswith("type."):
        meta = type("Meta", (type,), {name.removeprefix("type."): method, "__eq__": type.__eq__})
        if name == "type.__hash__":
            meta = type("Meta", (type,), {"__hash__": None})
        return meta("Hostile", (base,), {})()
    # What is looked up without a call must be a property.
    asked = name in ("shape", "__class__", "dtype", "device", "ndim", "columns", "name", "value")
    members: dict[str, Any] = {name: property(method) if asked else method}
    if name == "__eq__":
        members["__hash__"] = object.__hash__
    if name == "shape":
        members["__array__"] = method
    made: Any = type("Hostile", (base,), members)
    return made() if base is object else made.__new__(made)


def met(pipeline: Pipeline, events: list[Any], call: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What the call has answered, and which refusals it has told."""
    before = len(events)
    answer = call()
    return answer, [event for event in events[before:] if isinstance(event, Refused)]


def using(use: Callable[[Pipeline, list[Any]], None], **options: Any) -> dict[str, bytes]:
    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        store = MemoryStore()
        events: list[Any] = []
        pipeline = Pipeline(
            store, _seams=Seams(clock=VirtualClock(loop)), hooks=[events.append], **options
        )
        await pipeline.start()
        use(pipeline, events)
        report = await pipeline.aclose()
        assert report.complete
        return store.blobs

    return run_virtual(main)
