"""What we emit holds no secret and no cell: errors, logs, events, reprs."""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from aiocollect import Limits, MemoryStore, Pipeline
from aiocollect._config.build import open_store
from aiocollect.errors import OutcomeUnknown, StoreError
from aiocollect.events import Event, Refused
from aiocollect.redaction import KeyedHash
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.azure.target import EMULATOR_KEY, Target
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.canary import CELL, leaks_in
from tests.support.leaks import SECRET
from tests.support.virtual import fill, make_pipeline, small

pytestmark = pytest.mark.slow  # Real sockets and processes.


SAS = f"sv=2024-11-04&se=2020-01-01&sp=racwd&sig={SECRET}%3D"


ACCOUNT = "https://acme.blob.core.windows.net"


# In the oracle's own words: what must be nowhere.
HIDDEN = (SECRET, CELL, EMULATOR_KEY, quote(EMULATOR_KEY, ""), "0123456789abcdef")


class Recorded:
    """Everything that a failing path tells: log, output, events, errors with their tracebacks."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.events: list[Event] = []
        self._log = io.StringIO()
        self._out = io.StringIO()

    def hook(self, event: Event) -> None:
        self.events.append(event)
        self.texts += [repr(event), str(event)]
        if isinstance(event, Refused):
            self.error(event.error)
            # No frame leads to the row: so even their variables may be shown.
            shown = traceback.TracebackException.from_exception(event.error, capture_locals=True)
            self.texts.append("".join(shown.format()))

    def error(self, error: BaseException) -> None:
        self.texts += [repr(error), str(error), repr(error.args), repr(vars(error))]
        self.texts += traceback.format_exception(error)
        if error.__context__ is not None:
            self.error(error.__context__)

    def listening(self, act: Callable[[], None]) -> None:
        handler = logging.StreamHandler(self._log)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with redirect_stdout(self._out), redirect_stderr(self._out):
                act()
        finally:
            root.removeHandler(handler)
            root.setLevel(level)

    @property
    def text(self) -> str:
        return "\n".join([*self.texts, self._log.getvalue(), self._out.getvalue()])

    def check(self) -> None:
        text = self.text
        assert text.strip()
        for hidden in HIDDEN:
            assert hidden not in text
        assert leaks_in(text) == []


class Nasty:
    """A value whose own methods raise with the cell in their message."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ValueError(CELL)


class Shy:
    def __repr__(self) -> str:
        return CELL


def failing(row: dict[str, Any]) -> dict[str, Any]:
    raise ValueError(row["a"])


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "shape": ([CELL, CELL, CELL], {}, "shape"),
    "ragged": ([[CELL, 1], [CELL]], {}, "shape"),
    "a single value": (CELL, {}, "shape"),
    "a value of its own": (Shy(), {}, "shape"),
    "type": ([{CELL}, 1], {}, "type"),
    "a type of its own": ([Shy(), 1], {}, "type"),
    "raises": (Nasty(), {}, "type"),
    "too deep": ([[[[[CELL]]] * 2] * 2, 1], {"limits": Limits(max_call_bytes=64)}, "too_large"),
    "media": ([b"GIF8" + CELL.encode(), 1], {}, "media"),
    "too large": ([CELL * 100_000, 1], {"limits": Limits(max_call_bytes=4096)}, "too_large"),
    "an array": (np.array([[CELL, CELL, CELL]]), {}, "shape"),
    "a rule": ([CELL, 1], {"redact": failing}, "redact"),
}


@pytest.mark.parametrize(("value", "options", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("strict", [False, True])
def test_refusals_tell_no_cell(
    value: Any, options: dict[str, Any], reason: str, strict: bool
) -> None:
    """Whatever is wrong with a value, neither event, log nor error shows any of it."""
    told = Recorded()

    async def main(loop: VirtualLoop) -> None:
        limits = {"limits": options["limits"]} if "limits" in options else {}
        pipeline = make_pipeline(MemoryStore(), loop, hooks=(told.hook,), strict=strict, **limits)
        collector = pipeline.collector("m", feature_names=["a", "b"], redact=options.get("redact"))
        for waiting in (False, True):
            try:
                found = await collector.acollect(value) if waiting else collector.collect(value)
                assert found is None
            except Exception as error:
                told.error(error)
        told.texts += [repr(pipeline), repr(collector), repr(pipeline.stats())]
        assert set(pipeline.stats().refused) == {reason}
        told.texts.append(repr(await pipeline.aclose()))

    told.listening(lambda: run_virtual(main))
    assert any(isinstance(event, Refused) for event in told.events)
    told.check()


def test_ids_times_and_full_rings_tell_no_cell() -> None:
    """A cell that came in an id's or a time's place is not shown either; nor are those that found
    no room, or came too late."""
    told = Recorded()

    async def main(loop: VirtualLoop) -> None:
        pipeline = small(MemoryStore(latency=5.0), loop, hooks=(told.hook,))
        collector = pipeline.collector("m", feature_names=["a"])
        wrong: list[dict[str, Any]] = [
            {"correlation_id": CELL * 30},
            {"correlation_id": [CELL]},
            {"at": CELL},
        ]
        for options in wrong:
            assert collector.collect([CELL], **options) is None
        fill(collector)
        assert collector.collect([CELL]) is None
        await pipeline.aclose(60.0)
        assert collector.collect([CELL]) is None
        assert set(pipeline.stats().refused) == {"id", "time", "full", "closed"}

    told.listening(lambda: run_virtual(main))
    told.check()


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.SLOW])
def test_stores_that_fail_tell_no_cell(kind: FaultKind, tmp_path: Path) -> None:
    """Rows that are retried, held, dead-lettered or given up are told by path, count and reason."""
    told = Recorded()

    async def main(loop: VirtualLoop) -> None:
        def faults(operation: Operation, path: str) -> Fault | None:
            return Fault(kind, 1.0) if operation is Operation.APPEND else None

        pipeline = make_pipeline(
            MemoryStore(faults=faults, latency=0.5),
            loop,
            hooks=(told.hook,),
            dead_letters=tmp_path / "dead",
        )
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(20):
            collector.collect([f"{CELL}{number}"])
        await asyncio.sleep(30)
        told.texts += [repr(pipeline), repr(pipeline.stats()), repr(pipeline._engine.ring)]
        told.texts += [repr(channel) for channel in pipeline._engine.channels]
        told.texts.append(repr(await pipeline.aclose(5.0)))

    told.listening(lambda: run_virtual(main))
    told.check()
    for event in told.events:
        assert not isinstance(event, Refused)


def test_an_encoder_that_shows_its_rows() -> None:
    """What a user's encoder or layout raises, with rows in it, is told by reason alone."""
    told = Recorded()

    class Loud:
        content_type, extension = "text/csv", "csv"

        def header(self, schema: Any) -> bytes:
            return b"header\n"

        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            raise ValueError(str(pieces))

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, hooks=(told.hook,), format=Loud())
        pipeline.collector("m", feature_names=["a"]).collect([CELL])
        report = await pipeline.aclose()
        assert report.dead_lettered == {"encode": 1}

    told.listening(lambda: run_virtual(main))
    told.check()


OPENED: dict[str, Callable[[], Any]] = {
    "URL": lambda: open_store(f"{ACCOUNT}/logs?{SAS}"),
    "SAS": lambda: open_store(f"{ACCOUNT}/logs", credential=SAS),
    "key": lambda: open_store(f"{ACCOUNT}/logs", credential=EMULATOR_KEY),
    "callback": lambda: open_store(f"{ACCOUNT}/logs", credential=lambda: SAS),
    "connection string": lambda: open_store(
        f"AccountName=acme;AccountKey={EMULATOR_KEY}", container="logs"
    ),
}


@pytest.mark.parametrize("make", OPENED.values(), ids=OPENED)
def test_objects_that_hold_a_secret(make: Callable[[], Any]) -> None:
    """No repr shows it, and nothing that holds it can be pickled."""
    store = make()
    assert isinstance(store, AzureStore)
    pipeline = Pipeline(store)
    rule = KeyedHash("a", key=b"0123456789abcdef")
    collector = pipeline.collector("m", feature_names=["a"], redact=rule)
    model = pipeline.model("m", inputs=["a"], redact={"inputs": rule})
    holders = [store, store._target, pipeline, collector, model, rule, store._renewal]
    shown = " ".join([*map(repr, holders), *map(str, holders), f"{store._links!r}"])
    for hidden in HIDDEN:
        assert hidden not in shown
    assert isinstance(store._target, Target)
    for holder in (store, store._target, pipeline, collector, model, rule):
        # The secrets' own holders say why; the others fail at whatever comes first in them.
        mine = holder in (store, store._target, rule)
        with pytest.raises(TypeError if mine else (TypeError, AttributeError)) as caught:
            pickle.dumps(holder)
        assert not mine or "cannot be pickled" in str(caught.value)
        assert not any(hidden in str(caught.value) for hidden in HIDDEN)
    asyncio.run(store.aclose())


BROKEN = {
    "nobody listens": None,
    "an error with the request in it": b"HTTP/1.1 403 No\r\nContent-Length: 5000\r\n"
    b"x-ms-error-code: AuthenticationFailed\r\n\r\n",
    "no HTTP": b"what\r\n\r\n",
    "a challenge": b"HTTP/1.1 401 Who\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n",
    "a redirection": b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
    "cut off": b"HTTP/1.1 201 Created\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_store_errors_tell_no_signature(answer: bytes | None) -> None:
    """Through the whole SDK at DEBUG, an append that fails tells neither signature nor row."""
    told = Recorded()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert answer is not None
        # As some gateways do: the request comes back, signature and all.
        body = (request * 20)[:5000] if b"5000" in answer else b""
        writer.write(answer + body)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if answer is None:
            server.close()
            await server.wait_closed()
        store = AzureStore(f"http://127.0.0.1:{port}/acme?{SAS}", container="logs")
        for request in (
            lambda: store.append("data.csv", CELL.encode(), offset=0),
            lambda: store.open("data.csv", head=9),
            lambda: store.create("data.csv", content_type="text/csv"),
        ):
            with pytest.raises(StoreError) as caught:
                await request()
            told.error(caught.value)
        told.texts.append(repr(store))
        await store.aclose()
        server.close()
        await server.wait_closed()

    told.listening(lambda: asyncio.run(main()))
    told.check()


def test_this_look_can_find_something() -> None:
    """The control: an error with a signature in it, and a log line with a cell, are found."""
    for leak in (OutcomeUnknown(f"GET /x?sig={SECRET}"), ValueError(CELL)):
        told = Recorded()
        told.error(leak)
        with pytest.raises(AssertionError):
            told.check()
    told = Recorded()
    # Not through a logger: that would be a leak in the eyes of this very run.
    told._log.write(f"row {CELL}7")
    with pytest.raises(AssertionError):
        told.check()
