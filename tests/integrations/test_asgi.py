"""CollectMiddleware, driven by hand: what passes, what is recorded, and what never gets out."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import pytest

from aiocollect import Collector, ConfigError, MemoryStore, Pipeline
from aiocollect.integrations.asgi import FEATURES, CollectMiddleware
from aiocollect.integrations.pytest_plugin import Recorded

ID = "$aml_dc_correlation_id"
Message = MutableMapping[str, Any]
START = {"type": "http.response.start", "status": 201, "headers": []}


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """A pipeline, and what it stores."""
    found = Recorded(MemoryStore())
    yield found
    found.pipeline.close()


@pytest.fixture
def collector(recorded: Recorded) -> Collector:
    """Takes the requests."""
    return recorded.pipeline.collector("s", identifier="requests", feature_names=FEATURES)


def scope(**more: Any) -> dict[str, Any]:
    """A request's scope."""
    headers = [(b"x-request-id", b"r1")]
    return {"type": "http", "method": "POST", "path": "/p", "headers": headers, **more}


async def silent() -> Message:
    """A client that says nothing more."""
    return {"type": "http.disconnect"}


def answering(*bodies: bytes) -> Callable[..., Awaitable[None]]:
    """An application that answers with these pieces."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(dict(START))
        for number, body in enumerate(bodies, 1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


def run(app: Any, given: Any = None, *, client: Any = silent) -> list[Message]:
    """The messages that an application sends."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(given or scope(), client, send))
    return sent


def test_an_id_for_what_is_collected(recorded: Recorded) -> None:
    """It holds within the request, also in its tasks, and no longer; requests at the same time have
    each their own; a request without one has one of ours."""
    collector = recorded.pipeline.collector("m", feature_names=["a"])
    meeting = asyncio.Barrier(3)
    found: dict[str, list[str | None]] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        first = collector.collect([1.0])
        async with asyncio.timeout(30):
            await meeting.wait()
        later = await asyncio.create_task(asyncio.to_thread(collector.collect, [2.0]))
        found[scope["path"]] = [first, later]

    async def main() -> None:
        middleware = CollectMiddleware(app)
        await asyncio.gather(
            middleware(scope(path="a", headers=[(b"X-Request-Id", b"one")]), silent, none),
            middleware(scope(path="b", headers=[(b"x-ms-request-id", b"two")]), silent, none),
            middleware(scope(path="c", headers=[]), silent, none),
        )
        assert collector.collect([3.0]) not in {"one", "two"}

    async def none(message: Message) -> None:
        raise AssertionError

    asyncio.run(main())
    ours = found.pop("c")
    assert found == {"a": ["one", "one"], "b": ["two", "two"]}
    assert ours[0] == ours[1] is not None
    assert ours[0] not in {"one", "two"}


@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something new"])
def test_other_protocols_pass_untouched(kind: str, collector: Collector) -> None:
    """The application gets the very scope, receive and send of the server; no id is in force."""
    given = {"type": kind} if kind == "lifespan" else scope(type=kind)

    async def server_send(message: Message) -> None:
        raise AssertionError

    async def app(*arguments: Any) -> None:
        assert [*map(id, arguments)] == [id(given), id(silent), id(server_send)]
        assert collector.collect({"path": "x"}) != "r1"
        assert given == ({"type": kind} if kind == "lifespan" else scope(type=kind))

    asyncio.run(CollectMiddleware(app, collector=collector)(given, silent, server_send))


def test_every_message_goes_on_at_once_and_unchanged(collector: Collector) -> None:
    """The server holds each piece before the application makes the next one."""
    pieces = [dict(START)] + [
        {"type": "http.response.body", "body": bytes([n]) * 1000, "more_body": n < 9}
        for n in range(10)
    ]
    taken = [{"type": "http.request", "body": b"x" * 100, "more_body": True}, silent]
    sent: list[Message] = []
    given = scope()

    async def receive() -> Message:
        return taken[0]  # type: ignore[return-value]

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(seen: Any, receive: Any, send: Any) -> None:
        assert seen is given
        assert await receive() is taken[0]
        for count, piece in enumerate(pieces, 1):
            await send(piece)
            assert len(sent) == count
            assert sent[-1] is piece

    before = json.dumps([str(piece) for piece in pieces])
    asyncio.run(
        CollectMiddleware(app, collector=collector, max_body_bytes=10)(given, receive, send)
    )
    assert json.dumps([str(piece) for piece in pieces]) == before


def test_a_long_answer_is_not_kept(collector: Collector, recorded: Recorded) -> None:
    """While it passes, no piece but the one under way is held by anybody."""
    piece = b"%d" % 10**1000
    alone = sys.getrefcount(piece)
    counts = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(dict(START))
        for _ in range(100):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            counts.append(sys.getrefcount(piece))

    async def send(message: Message) -> None:
        """Keeps nothing."""

    asyncio.run(
        CollectMiddleware(app, collector=collector, max_body_bytes=10)(scope(), silent, send)
    )
    assert set(counts) == {alone}
    (row,) = recorded.rows("requests")
    assert row["response"] == "1000000000"
    assert row["response_bytes"] == str(100 * 1001)


def test_a_row_for_each_request(collector: Collector, recorded: Recorded) -> None:
    """With what was seen of it: bodies in pieces, headers of the list alone, the id in force."""
    parts = iter([(b'{"a":', True), (b"1}", False)])

    async def receive() -> Message:
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await answering("ä".encode()[:1], "ä".encode()[1:], b"!")(scope, receive, send)

    headers = [(b"x-request-id", b"r1"), (b"Accept", b"a"), (b"accept", b"b"), (b"cookie", b"no")]
    middleware = CollectMiddleware(
        app, collector=collector, max_body_bytes=100, headers=["ACCEPT", "range"]
    )
    run(middleware, scope(headers=headers, query_string=b"token=no"), client=receive)
    (row,) = recorded.rows("requests")
    assert row.pop(ID) == "r1"
    assert float(row.pop("latency_ms")) >= 0
    assert {name: cell for name, cell in row.items() if not name.startswith("$")} == {
        "method": "POST",
        "path": "/p",
        "status": "201",
        "exception": "",
        "headers": '{"accept": "a"}',
        "request": '{"a":1}',
        "request_bytes": "7",
        "response": "ä!",
        "response_bytes": "3",
    }


@pytest.mark.parametrize(
    ("cap", "body", "wanted"),
    [
        (0, b"abc", ""),
        (2, b"abc", "ab"),
        (3, b"abc", "abc"),
        (2, "aä".encode(), "a"),  # the cap has cut a letter
        (9, "aä".encode()[:2], "data:;base64," + base64.b64encode(b"a\xc3").decode()),
        (2, b"\xff\xfe\xfd", "data:;base64," + base64.b64encode(b"\xff\xfe").decode()),
        (9, memoryview(b"abc"), "abc"),
    ],
)
def test_bodies(
    cap: int, body: bytes, wanted: str, collector: Collector, recorded: Recorded
) -> None:
    """As much as the cap allows, as text or else as base64; its whole length beside it."""
    run(CollectMiddleware(answering(body), collector=collector, max_body_bytes=cap))
    (row,) = recorded.rows("requests")
    assert (row["response"], row["response_bytes"]) == (wanted, str(len(body)))


@pytest.mark.parametrize("error", [ValueError("s3cret"), asyncio.CancelledError("s3cret")])
def test_an_applications_error(
    error: BaseException, collector: Collector, recorded: Recorded
) -> None:
    """It goes on to the server, as it is; its class is recorded, and never its text."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(dict(START))
        raise error

    middleware = CollectMiddleware(app, collector=collector)

    async def main() -> None:
        async def send(message: Message) -> None:
            """Takes all."""

        with pytest.raises(type(error)) as caught:
            await middleware(scope(), silent, send)
        assert caught.value is error

    asyncio.run(main())
    (row,) = recorded.rows("requests")
    assert (row["exception"], row["status"]) == (type(error).__name__, "201")
    assert "s3cret" not in str(row)


def test_a_server_that_takes_no_more(collector: Collector, recorded: Recorded) -> None:
    """Its error reaches the application, as without us; what it did not take is not recorded."""

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise ConnectionResetError

    async def main() -> None:
        with pytest.raises(ConnectionResetError):
            await CollectMiddleware(answering(b"abc"), collector=collector)(scope(), silent, send)

    asyncio.run(main())
    (row,) = recorded.rows("requests")
    assert (row["response_bytes"], row["exception"]) == ("0", "ConnectionResetError")


class Broken:
    """A collector that can do nothing."""

    enabled = True

    def collect(self, data: Any) -> None:
        raise RuntimeError("s3cret")


class Blind(Broken):
    """One that cannot even say whether it is on."""

    @property
    def enabled(self) -> bool:  # type: ignore[override]
        raise RuntimeError("s3cret")


@pytest.mark.parametrize("kind", [Broken, Blind])
def test_what_goes_wrong_in_capturing(kind: type, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is the application's; one line in the log, with the error's class alone."""
    middleware = CollectMiddleware(answering(b"abc"), collector=kind())
    for _ in range(3):
        assert [message.get("body") for message in run(middleware)] == [None, b"abc"]
    ours = [record for record in caplog.records if record.name == "aiocollect"]
    assert [record.message for record in ours] == ["a request was not captured: RuntimeError"]


def test_messages_that_make_no_sense(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """They are for the server to refuse."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start"})
        await send({"type": "http.response.body", "body": None})
        await send({})

    sent = run(CollectMiddleware(app, collector=collector, max_body_bytes=10))
    assert len(sent) == 3
    ours = [record for record in caplog.records if record.name == "aiocollect"]
    assert len(ours) == 2  # KeyError and TypeError, each once
    assert run(CollectMiddleware(app, collector=collector), {"type": "http"}) == sent


def test_a_strict_pipeline(recorded: Recorded) -> None:
    """Raises into nobody's answer."""
    store = MemoryStore()
    pipeline = Pipeline(store, host="thread", strict=True)
    collector = pipeline.collector("s", feature_names=["other"])
    assert len(run(CollectMiddleware(answering(b"abc"), collector=collector))) == 2
    assert sum(pipeline.stats().refused.values()) == 1
    pipeline.close()


def test_skipped_and_off(collector: Collector, recorded: Recorded) -> None:
    """Paths to skip and a collector that is off make no row; the id is in force all the same."""
    seen: list[str | None] = []

    watched: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        watched.append(receive is not silent)  # else the server's own, which costs nothing
        seen.append(recorded.pipeline.collector("m", feature_names=["a"]).collect([1.0]))
        await answering(b"")(scope, receive, send)

    middleware = CollectMiddleware(app, collector=collector, skip=["/healthz"])
    run(middleware, scope(path="/healthz"))
    collector.set(enabled=False)
    run(middleware)
    collector.set(enabled=True)
    run(middleware)
    assert len(recorded.rows("requests")) == 1
    assert seen == ["r1"] * 3
    assert watched == [False, False, True]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("collector", "requests"),
        ("max_body_bytes", -1),
        ("max_body_bytes", 1.5),
        ("headers", "accept"),
        ("skip", "/healthz"),
        ("request_ids", "x-request-id"),
    ],
)
def test_options(option: str, value: Any) -> None:
    """What cannot be meant is refused, by name."""
    with pytest.raises(ConfigError, match=option):
        CollectMiddleware(answering(), **{option: value})
