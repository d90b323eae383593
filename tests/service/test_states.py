"""What operators do to accounts, containers and blobs while rows are written: each holds the path
with its code, and when it is undone the rows arrive, once, where they were to go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from aiocollect import Pipeline, Retry
from aiocollect.events import Event, Held, Resumed, Rolled
from aiocollect.stores.azure import AzureStore

from .blobs import Blob, Reply
from .server import Service

Change = Callable[[Service], None]


def blob(service: Service) -> Blob:
    """The one that is written."""
    return service.containers["logs"].blobs[max(service.containers["logs"].blobs)]


def sets(**values: Any) -> Change:
    """A change of the blob's state."""

    def change(service: Service) -> None:
        for name, value in values.items():
            setattr(blob(service), name, value)

    return change


def sets_container(**values: Any) -> Change:
    """A change of the container's."""

    def change(service: Service) -> None:
        for name, value in values.items():
            setattr(service.containers["logs"], name, value)

    return change


def sets_service(**values: Any) -> Change:
    """A change of the account's."""

    def change(service: Service) -> None:
        for name, value in values.items():
            setattr(service, name, value)

    return change


STATES: dict[str, tuple[Change, Change, str]] = {
    "a lease": (sets(lease="other"), sets(lease=""), "LeaseIdMissing"),
    "an immutability policy": (
        sets(immutable="BlobImmutableDueToPolicy"),
        sets(protected_appends=True),
        "BlobImmutableDueToPolicy",
    ),
    "a legal hold": (
        sets(immutable="BlobImmutableDueToLegalHold"),
        sets(immutable=""),
        "BlobImmutableDueToLegalHold",
    ),
    "the archive tier": (sets(tier="Archive"), sets(tier="Hot"), "BlobArchived"),
    "a key of a customer's own": (
        sets(encryption="key"),
        sets(encryption=""),
        "BlobUsesCustomerSpecifiedEncryption",
    ),
    "a disabled container": (
        sets_container(disabled=True),
        sets_container(disabled=False),
        "ContainerDisabled",
    ),
    "a failover": (
        sets_service(read_only=True),
        sets_service(read_only=False),
        "InsufficientAccountPermissions",
    ),
    "a revoked credential": (
        sets_service(tokens=()),
        sets_service(tokens=None),
        "InvalidAuthenticationInfo",
    ),
}


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.002)


def rows_of(service: Service) -> list[str]:
    """The first cells, of all blobs in order."""
    return [
        line.partition(",")[0]
        for name in sorted(service.blobs)
        for line in service.blobs[name].decode().splitlines()[1:]
    ]


@pytest.mark.parametrize("started", [True, False], ids=["while written", "before the first row"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_holds_and_its_end_lets_go(state: str, started: bool) -> None:
    """No row is lost or doubled, no other blob is begun, and requests grow seldom."""
    begin, end, code = STATES[state]

    async def main() -> None:
        events: list[Event] = []
        async with Service() as service:

            def pipeline() -> Pipeline:
                return Pipeline(
                    AzureStore(service.url, container="logs", credential=service.key),
                    linger=0.001,
                    retry=Retry(base=0.001, cap=0.05, hold=0.005),
                    hooks=[events.append],
                    log=False,  # its path is held and resumed too
                )

            first = pipeline()
            collector = first.collector("m", feature_names=["x"])
            collector.collect([[0.5]])
            await first.flush(20)
            if started:
                used = first
            else:
                await first.aclose()
                used = pipeline()
                collector = used.collector("m", feature_names=["x"])
            begin(service)
            service.asked.clear()
            collector.collect([[1.5]])
            await until(lambda: bool(used.stats().held))
            assert set(used.stats().held.values()) == {code}
            assert not used.healthy()
            assert len(service.blobs) == 1
            end(service)
            report = await used.aclose(20)
            assert report.complete
            assert rows_of(service) == ["0.5", "1.5"]
            assert len(service.blobs) == 1
            told = [event for event in events if isinstance(event, Held | Resumed | Rolled)]
            assert [type(event) for event in told] == [Held, Resumed]

    asyncio.run(main())


def test_a_policy_in_force_costs_few_requests_and_no_blob() -> None:
    """While nothing can succeed the waits grow, and no empty, locked blob is left behind."""

    async def main() -> None:
        async with Service() as service:
            pipeline = Pipeline(
                AzureStore(service.url, container="logs", credential=service.key),
                linger=0.001,
                retry=Retry(base=0.001, cap=0.05, hold=0.05),
                log=False,  # it has requests of its own
            )
            collector = pipeline.collector("m", feature_names=["x"])
            collector.collect([[0.5]])
            await pipeline.flush(20)
            blob(service).immutable = "BlobImmutableDueToPolicy"
            service.asked.clear()
            for number in range(100):
                collector.collect([[number + 1.5]])
            await until(lambda: len(service.asked) >= 5)
            assert len(service.blobs) == 1
            assert {request.operation for request in service.asked} == {"append"}
            stats = pipeline.stats()
            assert (stats.stored, stats.in_memory) == (1, 100)
            blob(service).immutable = ""
            assert (await pipeline.aclose(20)).complete
            assert rows_of(service) == [f"{number}.5" for number in range(101)]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "InvalidHeaderValue"),
        (400, "AccountRequiresHttps"),
        (403, "AuthenticationFailed"),
        (404, "ResourceNotFound"),
        (409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts"),
        (411, "MissingContentLengthHeader"),
    ],
)
@pytest.mark.parametrize("every", [5, 2])
def test_a_roll_out_that_refuses_a_share(status: int, code: str, every: int) -> None:
    """A fifth of all requests, or half, of whatever kind: none of their rows is at fault."""

    async def main() -> None:
        async with Service() as service:
            # By chance: by turns a lane that asks twice for one thing would never get it.
            chance = random.Random(every)
            service.refuses = lambda: Reply(status, code) if not chance.randrange(every) else None
            pipeline = Pipeline(
                AzureStore(service.url, container="logs", credential=service.key),
                linger=0.001,
                retry=Retry(base=0.001, cap=0.01, hold=0.002),
            )
            collectors = [pipeline.collector(f"m{n}", feature_names=["x"]) for n in range(10)]
            for number in range(10):
                for collector in collectors:
                    collector.collect([[number + 0.5]])
                await pipeline.flush(20)
            report = await pipeline.aclose(20)
            assert (report.stored, report.accepted) == (100, 100)
            assert sorted(rows_of(service)) == sorted(10 * [f"{n}.5" for n in range(10)])

    asyncio.run(main())


def test_a_sealed_blob_is_followed_by_the_next_part() -> None:
    """Sealed for good: the next part goes on."""

    async def main() -> None:
        events: list[Event] = []
        async with Service() as service:
            pipeline = Pipeline(
                AzureStore(service.url, container="logs", credential=service.key),
                linger=0.001,
                hooks=[events.append],
            )
            collector = pipeline.collector("m", feature_names=["x"])
            collector.collect([[0.5]])
            await pipeline.flush(20)
            blob(service).sealed = True
            collector.collect([[1.5]])
            assert (await pipeline.aclose(20)).complete
            assert rows_of(service) == ["0.5", "1.5"]
            assert len(service.blobs) == 2
            assert not [event for event in events if isinstance(event, Held)]

    asyncio.run(main())


def test_a_container_that_was_deleted_comes_back() -> None:
    """While the service still deletes it rows are held; then it is made, and they are stored."""

    async def main() -> None:
        async with Service() as service:
            container = service.containers["logs"]
            pipeline = Pipeline(
                AzureStore(service.url, container="logs", credential=service.key),
                linger=0.001,
                retry=Retry(base=0.001, cap=0.05, hold=0.005),
            )
            container.being_deleted = True
            pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
            await until(lambda: bool(pipeline.stats().held))
            assert set(pipeline.stats().held.values()) == {"ContainerBeingDeleted"}
            container.being_deleted, container.missing = False, True
            assert (await pipeline.aclose(20)).complete
            assert rows_of(service) == ["0.5"]

    asyncio.run(main())
