"""Which answer belongs to which request: ids, ranges, connections that end, and wishes to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiocollect import Pipeline, Retry
from aiocollect.errors import OutcomeUnknown, StoreBusy, StoreError, StoreRefused
from aiocollect.stores.azure import AzureStore

from .blobs import Container, Reply
from .server import Plan, Service

PATH = "a/data.csv"
ROWS = b"one\ntwo\n"
ID = "x-ms-client-request-id"

Method = Callable[[AzureStore], Awaitable[Any]]
METHODS: dict[str, Method] = {
    "create": lambda store: store.create("b/data.csv", content_type="text/csv"),
    "append": lambda store: store.append(PATH, ROWS, offset=len(ROWS)),
    "open": lambda store: store.open(PATH, head=4),
    "read": lambda store: store.read(PATH, offset=4, length=4),
}
WIRE = {"create": "create", "append": "append", "open": "get", "read": "get"}
every_method = pytest.mark.parametrize("name", METHODS)


@asynccontextmanager
async def facing(service: Service) -> AsyncIterator[AzureStore]:
    """A store with a blob of two rows, which has had good answers of each kind."""
    store = AzureStore(service.url, container="logs", credential=service.key, read_timeout=5.0)
    await store.create(PATH, content_type="text/csv")
    await store.append(PATH, ROWS, offset=0)
    await store.open(PATH, head=4)
    service.asked.clear()
    yield store
    await store.aclose()


def blob_of(name: str) -> str:
    """The blob that a method asks about."""
    return "b/data.csv" if name == "create" else PATH


async def failure(method: Method, store: AzureStore) -> StoreError:
    """How it fails."""
    with pytest.raises(StoreError) as caught:
        await method(store)
    assert caught.value.__context__ is None
    return caught.value


def says(**headers: str) -> Callable[[Container, str, Reply], Reply]:
    """The true answer with other headers."""

    def change(container: Container, name: str, reply: Reply) -> Reply:
        shown = {key.replace("_", "-"): value for key, value in headers.items()}
        return Reply(reply.status, reply.code, {**reply.headers, **shown}, reply.body)

    return change


@every_method
def test_a_good_answer_to_another_request_decides_nothing(name: str) -> None:
    """Something between has mixed up two answers: status, position and length all fit."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            mixed = says(x_ms_client_request_id="somebody-elses")
            service.plan(blob_of(name), Plan(WIRE[name], applied=True, change=mixed))
            error = await failure(METHODS[name], store)
            assert (type(error), error.code) == (OutcomeUnknown, "OtherRequest")
            assert len(service.asked) == 1

    asyncio.run(main())


@every_method
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "BlobNotFound"),
        (409, "BlobIsSealed"),
        (409, "InvalidBlobType"),
        (412, "AppendPositionConditionNotMet"),
        (413, "RequestBodyTooLarge"),
        (403, "AuthorizationPermissionMismatch"),
    ],
)
def test_a_refusal_of_another_request_decides_nothing(name: str, status: int, code: str) -> None:
    """It would end a part, halve a block, or settle rows."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            plan = Plan(WIRE[name], status, code, headers={ID: "somebody-elses"})
            service.plan(blob_of(name), plan)
            error = await failure(METHODS[name], store)
            assert (type(error), error.code) == (OutcomeUnknown, "OtherRequest")
            assert await METHODS[name](store)

    asyncio.run(main())


@every_method
def test_each_request_has_an_id_of_its_own(name: str) -> None:
    """No two are the same, whatever they ask for; the service's log tells them apart too."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            await METHODS[name](store)
            await METHODS["open"](store)
            ids = [request.headers[ID] for request in service.asked]
            assert len(set(ids)) == len(ids) >= 2
            assert all(10 < len(each) <= 1024 for each in ids)

    asyncio.run(main())


@every_method
def test_an_answer_without_the_id_is_not_the_services(name: str) -> None:
    """Where it has repeated ids before; where it never does (an emulator), that is its way."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            await store.create("c/data.csv", content_type="text/csv")
            service.repeats_ids = False
            error = await failure(METHODS[name], store)
            assert (type(error), error.code) == (OutcomeUnknown, "OtherRequest")
            # A refusal without it is one: services differ there.
            service.plan(blob_of(name), Plan(WIRE[name], 409, "ContainerDisabled"))
            assert type(await failure(METHODS[name], store)) is StoreRefused
        async with Service(repeats_ids=False) as service, facing(service) as store:
            assert await METHODS[name](store)

    asyncio.run(main())


@pytest.mark.parametrize("name", ["open", "read"])
@pytest.mark.parametrize(
    "told",
    [
        "bytes 1-4/8",  # another place, of the same length
        "bytes 8-11/16",
        "bytes 0-3/4",
        "bytes 0-99/100",  # more than was asked for
        "bytes 4-5/8",  # less than there is
        "bytes 4-7/*",
        "bytes */8",
        "4-7/8",
        "",
    ],
)
def test_a_range_of_another_place_decides_nothing(name: str, told: str) -> None:
    """It would be compared with what was sent to this place."""
    if (name, told) == ("open", "bytes 0-3/4"):
        told = "bytes 4-7/8"

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            other = says(Content_Range=told)
            service.plan(PATH, Plan("get", applied=True, change=other))
            error = await failure(METHODS[name], store)
            assert (type(error), error.code) == (OutcomeUnknown, "OtherRange")

    asyncio.run(main())


@pytest.mark.parametrize("name", ["open", "read"])
def test_a_range_that_is_shorter_than_it_says_decides_nothing(name: str) -> None:
    """Fewer bytes than the headers promise, again and again: it has an end."""

    def cut(container: Container, blob: str, reply: Reply) -> Reply:
        return Reply(reply.status, "", reply.headers, reply.body[:-1])

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            service.plan(PATH, Plan("get", applied=True, change=cut, times=99))
            error = await failure(METHODS[name], store)
            assert type(error) is OutcomeUnknown
            assert len(service.asked) <= 20

    asyncio.run(main())


def test_a_whole_blob_in_place_of_a_range_decides_nothing() -> None:
    """A cache that ignores ranges answers 200."""

    def whole(container: Container, blob: str, reply: Reply) -> Reply:
        return Reply(200, "", {**reply.headers, "Content-Range": "bytes 4-7/8"}, reply.body)

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            service.plan(PATH, Plan("get", applied=True, change=whole))
            assert (await failure(METHODS["read"], store)).code == "HTTP200"

    asyncio.run(main())


def test_a_position_of_another_place_decides_nothing() -> None:
    """An append's 201 names where it landed."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            other = says(x_ms_blob_append_offset="0")
            service.plan(PATH, Plan("append", applied=True, change=other))
            assert (await failure(METHODS["append"], store)).code == "OtherPosition"

    asyncio.run(main())


def test_an_etag_that_a_proxy_has_weakened_still_matches() -> None:
    """``W/`` is the proxy's; the service compares what it gave."""

    def weaken(container: Container, blob: str, reply: Reply) -> Reply:
        return Reply(
            reply.status,
            reply.code,
            {**reply.headers, "ETag": f"W/{reply.headers.get('ETag', '')}"},
            reply.body,
        )

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            service.plan(PATH, Plan("get", applied=True, change=weaken))
            opened = await store.open(PATH, head=1)
            service.plan(PATH, Plan("append", applied=True, change=weaken))
            landed = await store.append(PATH, ROWS, offset=8, etag=opened.etag)
            await store.append(PATH, ROWS, offset=16, etag=landed.etag)

    asyncio.run(main())


def test_a_front_that_ends_each_connection_lets_rows_through() -> None:
    """It closes behind its answer, without a word: a look is sent again, an append never is; an
    empty blob, which takes two looks, is opened, and each row is stored once."""

    async def main() -> None:
        async with Service() as service:
            service.closes = True
            pipeline = Pipeline(
                AzureStore(service.url, container="logs", credential=service.key),
                linger=0.001,
                retry=Retry(base=0.001, cap=0.01, hold=0.02),
            )
            async with pipeline:
                collector = pipeline.collector("m", feature_names=["x"])
                for number in range(20):
                    collector.collect([[number + 0.5]])
                    await pipeline.flush(20)
            (data,) = service.blobs.values()
            rows = [line.partition(",")[0] for line in data.decode().splitlines()[1:]]
            assert rows == [f"{number}.5" for number in range(20)]
            appends = [
                request.headers[ID]
                for request in service.asked
                if request.operation in ("append", "create")
            ]
            assert len(appends) == len(set(appends))

    asyncio.run(main())


def test_a_look_is_sent_again_and_no_change_is() -> None:
    """The connection ends before the answer, once: what changes nothing has one more attempt."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            for name, method in METHODS.items():
                service.asked.clear()
                service.plan(blob_of(name), Plan(WIRE[name], lost=True))
                if name in ("open", "read"):
                    assert await method(store)
                    assert len(service.asked) == 2
                else:
                    assert (await failure(method, store)).code == "ConnectionClosed"
                    assert len(service.asked) == 1

    asyncio.run(main())


@every_method
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "42"}, 42.0),
        (
            {
                "Retry-After": "Sat, 28 Nov 2026 00:01:40 GMT",
                "Date": "Sat, 28 Nov 2026 00:00:00 GMT",
            },
            100.0,
        ),
        ({"Retry-After": "86400"}, 300.0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({}, None),
    ],
)
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "ServerBusy", StoreBusy),
        (429, "", StoreBusy),
        (500, "OperationTimedOut", OutcomeUnknown),
        (403, "AuthenticationFailed", StoreRefused),
    ],
)
def test_a_wish_to_wait_is_handed_on(
    name: str,
    headers: dict[str, str],
    seconds: float | None,
    status: int,
    code: str,
    kind: type[StoreError],
) -> None:
    """In seconds or as a moment, with whatever answer it comes."""

    async def main() -> None:
        async with Service() as service, facing(service) as store:
            service.plan(blob_of(name), Plan(WIRE[name], status, code, headers=headers))
            error = await failure(METHODS[name], store)
            assert (type(error), error.retry_after) == (kind, seconds)

    asyncio.run(main())


def test_a_blob_that_was_just_created_is_looked_at_by_one_request() -> None:
    """An empty blob has no range: a GET in vain, for each new path. Others may have written
    meanwhile, and then their header is read; and so it is the next time."""

    async def main() -> None:
        async with Service() as service:
            store = AzureStore(service.url, container="logs", credential=service.key)
            other = AzureStore(service.url, container="logs", credential=service.key)
            await store.create(PATH, content_type="text/csv")
            await store.create("b/data.csv", content_type="text/csv")
            await other.append("b/data.csv", ROWS, offset=0)
            service.asked.clear()
            assert (await store.open(PATH, head=4)).length == 0
            assert [request.operation for request in service.asked] == ["head"]
            assert (await store.open("b/data.csv", head=4)).head == ROWS[:4]
            service.asked.clear()
            assert (await store.open("b/data.csv", head=4)).head == ROWS[:4]
            assert [request.operation for request in service.asked] == ["get"]
            await store.aclose()
            await other.aclose()

    asyncio.run(main())
