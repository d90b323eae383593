"""What AzureStore puts on the wire: seen by a proxy, under every fault that it can make."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobClient

from aiocollect.errors import OffsetMismatch, OutcomeUnknown, StoreBusy, StoreError
from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import ALL_FAULTS, Fault, FaultProxy, Kind, Seen

pytestmark = [pytest.mark.azurite]

PATH = "data.csv"
ROWS = b"row 1\nrow 2\n"
APPLIED = {Kind.LOSE_ANSWER, Kind.RESET_AFTER, Kind.TRUNCATE, Kind.ERROR_AFTER, Kind.GARBAGE_AFTER}
# The connection ends without a word of an answer.
ENDS = {Kind.LOSE_ANSWER, Kind.RESET_BEFORE, Kind.RESET_MID_BODY, Kind.RESET_AFTER, Kind.ZOMBIE}
# The client must find the end of these by itself.
SILENT = (Fault(kind=Kind.LATE), Fault(kind=Kind.STALL))


def name(fault: Fault) -> str:
    """A test's name for a fault."""
    plain = fault.kind not in (Kind.ERROR, Kind.ERROR_AFTER)
    return fault.kind.value if plain else f"{fault.kind.value}_{fault.status}{fault.code}"


every_fault = pytest.mark.parametrize("fault", [*ALL_FAULTS, *SILENT], ids=name)


@pytest.fixture
def read_timeout(request: pytest.FixtureRequest) -> float:
    """A store waits so long for an answer, in seconds: only where a fault is silent does it get
    there. Elsewhere a slow emulator would be taken for one."""
    call = getattr(request.node, "callspec", None)
    found = {} if call is None else call.params
    return 0.5 if found.get("fault") in SILENT or found.get("cut") is False else 60.0


def made(proxy: FaultProxy, container: str, read_timeout: float) -> AzureStore:
    return AzureStore(
        f"http://127.0.0.1:{proxy.port}/devstoreaccount1",
        container=container,
        credential=Emulator(port=0, pid=0).key,
        read_timeout=read_timeout,
    )


@pytest_asyncio.fixture
async def store(
    proxy: FaultProxy, container: str, read_timeout: float
) -> AsyncIterator[AzureStore]:
    """A store behind the proxy, with an empty blob that was looked at (the look after a creation is
    a HEAD: tests/service/test_requests.py), and a warm connection."""
    store = made(proxy, container, read_timeout)
    await store.create(PATH, content_type="text/csv")
    await store.open(PATH, head=1)
    proxy.seen.clear()
    yield store
    await store.aclose()


@pytest_asyncio.fixture
async def patient(proxy: FaultProxy, container: str) -> AsyncIterator[AzureStore]:
    """Another one, for what follows a silent fault."""
    store = made(proxy, container, 60.0)
    yield store
    await store.aclose()


@every_fault
@pytest.mark.asyncio
async def test_one_attempt_whatever_happens(
    fault: Fault,
    store: AzureStore,
    patient: AzureStore,
    proxy: FaultProxy,
    azurite: Emulator,
    container: str,
) -> None:
    """An append is on the wire once, says what happened, and the same again ends in one copy."""
    etag = (await store.open(PATH, head=1)).etag
    proxy.script(fault)
    with pytest.raises(StoreError) as caught:
        await store.append(PATH, ROWS, offset=0, etag=etag)
    assert len(proxy.appends) == 1
    decided_later = fault.status in (503, 429) or fault.code == "BlobModifiedWhileReading"
    assert type(caught.value) is (StoreBusy if decided_later else OutcomeUnknown)
    assert caught.value.retry_after == (0.0 if fault.retry_after else None)
    expected = ROWS if fault.kind in APPLIED else b""
    assert blob_bytes(azurite.connection_string, container) == {PATH: expected}

    if fault.kind in APPLIED:
        with pytest.raises(OffsetMismatch):
            await patient.append(PATH, ROWS, offset=0, etag=etag)
    else:
        await patient.append(PATH, ROWS, offset=0, etag=etag)
    assert len(proxy.appends) == 2
    await proxy.release()
    assert blob_bytes(azurite.connection_string, container) == {PATH: ROWS}


@every_fault
@pytest.mark.asyncio
async def test_one_attempt_of_every_creation(
    fault: Fault, store: AzureStore, proxy: FaultProxy
) -> None:
    """A creation is on the wire once too, and fails as an error of ours."""
    proxy.seen.clear()
    proxy.script(fault, match=lambda seen: True)
    with pytest.raises((OutcomeUnknown, StoreBusy)):
        await store.create("other.csv", content_type="text/csv")
    assert [seen.operation for seen in proxy.seen] == ["create"]


@every_fault
@pytest.mark.asyncio
async def test_a_look_may_be_sent_again_where_the_connection_ended(
    fault: Fault, store: AzureStore, patient: AzureStore, proxy: FaultProxy
) -> None:
    """It changes nothing. After an answer, or in the middle of one, it is not; twice at most."""
    await patient.append(PATH, ROWS, offset=0)
    for look in (lambda: store.open(PATH, head=6), lambda: store.read(PATH, offset=2, length=5)):
        proxy.seen.clear()
        proxy.script(fault, match=lambda seen: True)
        if fault.kind in ENDS:
            await look()
            assert [seen.operation for seen in proxy.seen] == ["read", "read"]
            proxy.script(fault, fault, match=lambda seen: True)
            proxy.seen.clear()
        with pytest.raises((OutcomeUnknown, StoreBusy)):
            await look()
        assert len(proxy.seen) == (2 if fault.kind in ENDS else 1)
    assert (await patient.read(PATH, offset=2, length=5)).data == ROWS[2:7]


@pytest.mark.asyncio
async def test_the_conditions_are_on_the_wire(store: AzureStore, proxy: FaultProxy) -> None:
    """Appends carry position, length and, where known, ETag; creation never overwrites."""
    opened = await store.open(PATH, head=1)
    first = await store.append(PATH, ROWS, offset=0, etag=opened.etag)
    large = b"x" * 300_000
    await store.append(PATH, large, offset=first.length)
    await store.create("other.csv", content_type="text/csv")
    one, two = (seen.headers for seen in proxy.appends)
    assert one["x-ms-blob-condition-appendpos"] == "0"
    assert one["if-match"] == opened.etag
    assert one["content-length"] == str(len(ROWS))
    assert two["x-ms-blob-condition-appendpos"] == str(len(ROWS))
    assert two["content-length"] == str(len(large))
    assert "if-match" not in two
    assert "transfer-encoding" not in two
    (created,) = proxy.of("create")
    assert created.headers["if-none-match"] == "*"
    assert created.headers["x-ms-blob-type"] == "AppendBlob"


@pytest.mark.asyncio
async def test_a_look_is_one_request(store: AzureStore, proxy: FaultProxy) -> None:
    """One ranged GET tells all of a blob with something in it; an empty one costs a HEAD too."""
    await store.open(PATH, head=100)
    assert [seen.operation for seen in proxy.seen] == ["read", "head"]
    await store.append(PATH, ROWS, offset=0)
    proxy.seen.clear()
    assert (await store.open(PATH, head=100)).head == ROWS
    await store.read(PATH, offset=0, length=100)
    await store.read(PATH, offset=len(ROWS) - 1, length=100)
    assert [seen.operation for seen in proxy.seen] == ["read"] * 3


@pytest.mark.asyncio
async def test_a_blob_that_grows_between_two_looks(store: AzureStore, proxy: FaultProxy) -> None:
    """Bytes that were appended between GET and HEAD are read, never taken for missing ones."""
    behind = Fault(kind=Kind.ERROR, status=416, code="InvalidRange")
    await store.append(PATH, ROWS, offset=0)
    proxy.script(behind, match=lambda seen: seen.operation == "read")
    found = await store.read(PATH, offset=0, length=100)
    assert (found.data, found.length) == (ROWS, len(ROWS))
    proxy.script(behind, behind, match=lambda seen: seen.operation == "read")
    with pytest.raises(OutcomeUnknown, match="ShortAnswer"):
        await store.read(PATH, offset=0, length=100)


@pytest.mark.asyncio
@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("first", ["retry", "zombie"])
async def test_a_late_request_never_doubles(
    cut: bool,
    first: str,
    store: AzureStore,
    patient: AzureStore,
    proxy: FaultProxy,
    azurite: Emulator,
    container: str,
) -> None:
    """A request that arrives after its own repetition, or before it, leaves one copy."""
    proxy.script(Fault(kind=Kind.ZOMBIE if cut else Kind.LATE))
    with pytest.raises(OutcomeUnknown):
        await store.append(PATH, ROWS, offset=0)
    if first == "retry":
        await patient.append(PATH, ROWS, offset=0)
        await proxy.release()
    else:
        await proxy.release()
        with pytest.raises(OffsetMismatch):
            await patient.append(PATH, ROWS, offset=0)
    assert all(seen.forwarded for seen in proxy.appends)
    assert blob_bytes(azurite.connection_string, container) == {PATH: ROWS}


@pytest.mark.asyncio
async def test_a_late_request_misses_the_blob_made_anew(
    store: AzureStore, proxy: FaultProxy, azurite: Emulator, container: str
) -> None:
    """With the ETag a late request does not land in a blob that was deleted and made anew."""
    etag = (await store.open(PATH, head=1)).etag
    proxy.script(Fault(kind=Kind.ZOMBIE))
    with pytest.raises(OutcomeUnknown):
        await store.append(PATH, ROWS, offset=0, etag=etag)
    async with BlobClient.from_connection_string(
        azurite.connection_string, container, PATH
    ) as blob:
        await blob.delete_blob()
    await store.create(PATH, content_type="text/csv")
    await proxy.release()
    assert blob_bytes(azurite.connection_string, container) == {PATH: b""}


@pytest.mark.asyncio
async def test_an_answer_about_another_position_is_not_believed(
    store: AzureStore, proxy: FaultProxy
) -> None:
    """A success that names another position than ours decides nothing."""
    proxy.script(Fault(kind=Kind.MISLEAD))
    with pytest.raises(OutcomeUnknown, match="OtherPosition"):
        await store.append(PATH, ROWS, offset=0)
    assert (await store.open(PATH, head=1)).length == len(ROWS)


@pytest.mark.asyncio
async def test_a_huge_error_is_not_read(store: AzureStore, proxy: FaultProxy) -> None:
    """Of 64 MiB that are no error text, the store takes what lies in the sockets, and goes."""
    proxy.script(Fault(kind=Kind.GARBAGE, status=500, size=64 << 20))
    with pytest.raises(OutcomeUnknown, match="HTTP500"):
        await store.append(PATH, ROWS, offset=0)
    await store.append(PATH, ROWS, offset=0)
    assert proxy.appends[0].sent < 32 << 20


@pytest.mark.asyncio
async def test_redirects_are_not_followed(store: AzureStore, proxy: FaultProxy) -> None:
    """A redirection sends no row to another place, and decides nothing."""
    for status in (301, 302, 307, 308):
        proxy.seen.clear()
        proxy.script(Fault(kind=Kind.ERROR, status=status, code=""))
        with pytest.raises(OutcomeUnknown, match=f"HTTP{status}"):
            await store.append(PATH, ROWS, offset=0)
        assert len(proxy.seen) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault", [Fault(kind=Kind.LOSE_ANSWER), Fault(kind=Kind.RESET_AFTER)], ids=name
)
async def test_the_proxy_can_show_a_second_attempt(
    fault: Fault, store: AzureStore, proxy: FaultProxy, azurite: Emulator, container: str
) -> None:
    """The control: the plain SDK, its retries off, sends twice and doubles the rows."""

    def is_append(seen: Seen) -> bool:
        return seen.operation == "append"

    options: dict[str, Any] = {"retry_total": 0}
    async with BlobClient.from_connection_string(
        proxy.connection_string, container, PATH, **options
    ) as blob:
        proxy.script(fault, match=is_append)
        await blob.append_block(ROWS)
        assert len(proxy.appends) == 2
        assert blob_bytes(azurite.connection_string, container) == {PATH: ROWS * 2}
        proxy.script(fault, match=is_append)
        with pytest.raises(HttpResponseError, match="AppendPositionConditionNotMet"):
            await blob.append_block(ROWS, appendpos_condition=2 * len(ROWS))
