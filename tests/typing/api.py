"""The types that a user sees. mypy --strict reads this file; nothing runs it.

A line that must not pass has ``# type: ignore[code]``: once it passes, mypy says that the comment
is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

import aiocollect
from aiocollect import (
    Collector,
    Limits,
    MemoryStore,
    Model,
    ModelDataCollector,
    Pipeline,
    Receipt,
    ReceiptOutcome,
    Report,
    Retry,
    Stats,
)
from aiocollect.compaction import Compaction, NewFile
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.events import Event, Held
from aiocollect.integrations.pytest_plugin import FaultyStore
from aiocollect.layouts import DocumentedLayout
from aiocollect.reading import (
    Dataset,
    DayVerdict,
    Finding,
    FollowedRows,
    Follower,
    ReadNote,
    StreamInfo,
    Verdict,
)
from aiocollect.redaction import Drop, KeyedHash, Mask
from aiocollect.stats import StreamStats
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.local import LocalStore
from aiocollect.testing import FaultKind, Operation
from aiocollect.typing import Encoder, Hook, Layout, Store, WhenFull

# Options ------------------------------------------------------------------------------------------


def stores() -> list[Store]:
    """Each of our stores is a Store."""
    return [MemoryStore(), LocalStore("/tmp/modeldata"), AzureStore("https://a", container="c")]


def parts() -> tuple[list[Encoder], list[Layout]]:
    """So are our encoders and layouts what their Protocols ask for."""
    return [CsvEncoder(), JsonlEncoder()], [DocumentedLayout(hourly=True)]


def words(pipeline: Pipeline) -> None:
    """Options whose words are few take these words, and no others."""
    Pipeline("/d", when_full="shed_oldest", host="thread", columns="aml", writer="own")
    Pipeline("/d", format="jsonl", layout="hour")
    Pipeline(Path("/d"), format=CsvEncoder(), layout=DocumentedLayout(), spool=Path("/s"))
    Pipeline("/d", when_full="wait")  # type: ignore[arg-type]
    Pipeline("/d", host="process")  # type: ignore[arg-type]
    Pipeline("/d", columns="all")  # type: ignore[arg-type]
    Pipeline("/d", writer="mine")  # type: ignore[arg-type]
    Pipeline("/d", format="parquet")  # type: ignore[arg-type]
    pipeline.collector("m", columns="none", writer="own", format="csv")
    pipeline.collector("m", columns="some")  # type: ignore[arg-type]
    pipeline.collector("m", writer="both")  # type: ignore[arg-type]
    pipeline.collector("m", format="xml")  # type: ignore[arg-type]
    policy: WhenFull = "raise"
    Pipeline("/d", when_full=policy)


def groups() -> None:
    """Limits and retries are keyword-only, and checked by name."""
    Pipeline("/d", limits=Limits(max_blocks=1000, media=True), retry=Retry(cap=5.0))
    Limits(1000)  # type: ignore[call-arg]
    Limits(max_block=1000)  # type: ignore[call-arg]
    Retry(base="0.1")  # type: ignore[arg-type]
    Pipeline("/d", limits={"max_blocks": 1000})  # type: ignore[arg-type]


def store_options() -> None:
    """What goes with a URL goes by known names."""
    Pipeline("azure://a/c", store_options={"ca_file": "/ca.pem", "endpoint_suffix": "core.net"})
    Pipeline("azure://a/c", store_options={"ca_fil": "/ca.pem"})  # type: ignore[typeddict-unknown-key]
    Pipeline("azure://a/c", store_options={"proxy": 8080})  # type: ignore[typeddict-item]


def credentials() -> None:
    """Keys, SAS, functions, identities by name, and the SDK's own credentials."""
    Pipeline("azure://a/c", credential="managed")
    Pipeline("azure://a/c", credential=DefaultAzureCredential())
    Pipeline("azure://a/c", credential=ManagedIdentityCredential())
    Pipeline("azure://a/c", credential=AzureSasCredential("sig=…"))
    Pipeline("azure://a/c", credential=AzureNamedKeyCredential("a", "…"))
    Pipeline("azure://a/c", credential=sas)
    Pipeline("azure://a/c", credential=sas_later)
    Pipeline("azure://a/c", credential=b"key")  # type: ignore[arg-type]
    Pipeline("azure://a/c", credential=print)  # type: ignore[arg-type]


def sas() -> str:
    """A function that returns a SAS."""
    return "sig=…"


async def sas_later() -> str:
    """The same, async."""
    return "sig=…"


def environment() -> None:
    """from_env() takes the options of Pipeline(), and no others."""
    assert_type(Pipeline.from_env(linger=0.5, hooks=[hear], limits=Limits()), Pipeline)
    Pipeline.from_env({"AIOCOLLECT_STORE": "/d"}, store=MemoryStore(), enabled=False)
    Pipeline.from_env(lingr=0.5)  # type: ignore[call-arg]
    Pipeline.from_env(host="process")  # type: ignore[arg-type]
    Pipeline.from_env(linger="0.5")  # type: ignore[arg-type]


def hear(event: Event) -> None:
    """A hook."""
    match event:
        case Held(path=path, reason=reason):
            assert_type(path, str)
            assert_type(reason, str)


def hooks() -> None:
    """Hooks take events."""
    heard: list[Event] = []
    hook: Hook = heard.append
    Pipeline("/d", hooks=[hook, hear])
    Pipeline("/d", hooks=[len])  # type: ignore[list-item]
    Pipeline("/d", hooks=hear)  # type: ignore[arg-type]


# Recording ----------------------------------------------------------------------------------------


def collectors(pipeline: Pipeline) -> None:
    """What makes collectors, and with what."""
    one = pipeline.collector("m", version="2", feature_names=["a"], redact=[Drop("b"), Mask("c")])
    assert_type(one, Collector)
    assert_type(pipeline.model("m", inputs=["a"], predictions=None), Model)
    assert_type(ModelDataCollector("m", identifier="inputs"), ModelDataCollector)
    collector: Collector = ModelDataCollector("m")
    collector.set(enabled=False, sample_rate=0.5)
    assert_type(collector.enabled, bool)
    pipeline.collector("m", redact=KeyedHash("a", key=b"k" * 32))
    pipeline.collector("m", redact=lambda row: {**row, "a": None})
    pipeline.collector("m", redact="a")  # type: ignore[arg-type]
    pipeline.collector("m", "1")  # type: ignore[call-arg]
    pipeline.collector("m", features=["a"])  # type: ignore[call-arg]


def collect(collector: Collector, model: Model) -> None:
    """The verbs for threads and loops that do not wait, and for threads that do."""
    assert_type(collector.collect([1.0]), str | None)
    assert_type(collector.collect_rows([[1.0]], correlation_id="id", row=3), str | None)
    assert_type(collector.collect_receipt([1.0], at=0.0), Receipt | None)
    assert_type(collector.collect_wait([1.0], timeout=1.0), str | None)
    assert_type(collector.collect_pieces([[1.0]], piece_rows=10, progress=print), str | None)
    assert_type(model.collect(inputs=[1.0], predictions=0.5), str | None)
    assert_type(model.collect_receipt(inputs=[1.0]), Receipt | None)
    collector.collect([1.0], at="yesterday")  # type: ignore[arg-type]
    collector.collect([1.0], "id")  # type: ignore[call-arg]
    collector.collect([1.0], timeout=1.0)  # type: ignore[call-arg]


async def acollect(collector: Collector, model: Model) -> None:
    """The verbs that wait for room."""
    assert_type(await collector.acollect([1.0]), str | None)
    assert_type(await collector.acollect_pieces([[1.0]]), str | None)
    assert_type(await model.acollect(inputs=[1.0]), str | None)


async def receipts(receipt: Receipt) -> None:
    """An outcome is one of four, and compares to its text."""
    assert_type(await receipt, ReceiptOutcome)
    assert_type(receipt.outcome, ReceiptOutcome | None)
    assert_type(await receipt.durable(), bool)
    assert_type((await receipt) == "stored", bool)
    assert_type(receipt.rows, int)
    receipt.settle(1, "stored")  # type: ignore[attr-defined]
    receipt.keep(1, True)  # type: ignore[attr-defined]


# Life ---------------------------------------------------------------------------------------------


async def life(pipeline: Pipeline) -> None:
    """Starting, flushing, closing."""
    async with pipeline as started:
        assert_type(started, Pipeline)
    assert_type(await pipeline.flush(timeout=1.0), Report)
    assert_type(await pipeline.aclose(), Report)
    assert_type(pipeline.close(), Report)
    assert_type(pipeline.flush_sync(), Report)
    assert_type(aiocollect.flush(5.0), Report)


def status(pipeline: Pipeline) -> None:
    """Snapshots are typed."""
    stats = pipeline.stats()
    assert_type(stats, Stats)
    assert_type(stats.dropped, dict[str, int])
    assert_type(stats.oldest_age, float | None)
    assert_type(pipeline.healthy(max_age=10.0), bool)
    assert_type(pipeline.streams(), tuple[StreamStats, ...])
    stats.accepted = 0  # type: ignore[misc]


def contexts() -> None:
    """The id in force."""
    with aiocollect.correlation("id", carries_day=False) as scoring:
        assert_type(scoring, aiocollect.correlation)
        assert_type(scoring.id, str | None)


# Reading ------------------------------------------------------------------------------------------


async def reading(store: MemoryStore) -> None:
    """A dataset, on a loop or beside it; options whose words are few take these alone."""
    dataset = aiocollect.read(store, "m", streams=["inputs"], start="7d", format="csv")
    assert_type(dataset, Dataset)
    assert_type(await aiocollect.aread(store, "m", labels="first"), Dataset)
    assert_type(dataset.missing, dict[str, int])
    assert_type(dataset.notes, tuple[ReadNote, ...])
    assert_type(dataset.head(5).select("a"), Dataset)
    assert_type(aiocollect.streams(store), list[StreamInfo])
    aiocollect.read(store, "m", on_missing="ignore")  # type: ignore[arg-type]
    aiocollect.read(store, "m", labels="last")  # type: ignore[arg-type]
    await aiocollect.aread(store, "m", versions="1")  # type: ignore[call-arg]
    verdict = aiocollect.verify(
        store, "m", version="1", start="7d", depth="rows", log_key=b"k" * 16
    )
    assert_type(verdict, Verdict)
    assert_type(verdict.days, tuple[DayVerdict, ...])
    assert_type(verdict.findings, tuple[Finding, ...])
    assert_type(await aiocollect.averify(store), Verdict)
    aiocollect.verify(store, depth="all")  # type: ignore[arg-type]
    done = aiocollect.compact(store, "./lake", model="m", format="delta", remove_after="30d")
    assert_type(done, Compaction)
    assert_type(done.files, tuple[NewFile, ...])
    assert_type(done.files[0].rows, int | None)
    assert_type(done.kept, tuple[tuple[str, str], ...])
    assert_type(await aiocollect.acompact(store, store, until="0d", dry_run=True), Compaction)
    aiocollect.compact(store)  # type: ignore[call-arg]
    aiocollect.compact(store, store, format="iceberg")  # type: ignore[arg-type]
    await aiocollect.acompact(store, store, untill="0d")  # type: ignore[call-arg]
    follower = aiocollect.follow(
        store, "m", stream="inputs", since="1h", poll=None, compacted="./lake"
    )
    assert_type(follower, Follower)
    async for followed in follower:
        assert_type(followed, FollowedRows)
        assert_type(followed.position, str)
    aiocollect.follow(store, "m")  # type: ignore[call-arg]


# Tests of users -----------------------------------------------------------------------------------


def faults(store: FaultyStore) -> None:
    """Faults by their words."""
    store.fail("lost_answer", times=2)
    store.fail(FaultKind.BUSY, on=Operation.APPEND)
    store.fail("lost_anser")  # type: ignore[arg-type]
    store.fail("busy", on="rename")  # type: ignore[arg-type]
