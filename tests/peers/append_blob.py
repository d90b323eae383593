"""The Azure SDK's own cases of append blobs (github.com/Azure/azure-sdk-for-python, revision
05c49e4, sdk/storage/azure-storage-blob/tests/test_append_blob_async, and the appends of
test_blob_access_conditions_async beside it), as steps against any Store. Each is named as there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiocollect.errors import BlobFull, OffsetMismatch, Refusal, StoreError, StoreRefused
from aiocollect.typing import Created, ObjectStore, Store

__all__ = ["CASES", "SEALS", "UNFIT", "Append", "Case", "Make", "Seal", "faults"]

# The ETag that the SDK's tests take for one that no blob has.
OTHER: Final = '"0x111111111111111"'


@dataclass(frozen=True, kw_only=True)
class Make:
    """Create the blob. ``made``: whether it was not there."""

    made: bool = True


@dataclass(frozen=True, kw_only=True)
class Append:
    """Append a block at ``offset``; ``match``: the last ETag, another one, or none.

    ``blocks``: how many are committed after it. Or ``error``: the code of the refusal, which
    changes nothing.
    """

    data: bytes
    offset: int
    match: str = ""
    blocks: int = 0
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Seal it if it is ``length`` bytes long; ``sealed``: whether it was."""

    length: int
    sealed: bool = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """Steps, and what the blob holds after them."""

    source: str
    steps: tuple[Make | Append | Seal, ...]
    content: bytes


# Each code with our error for it.
_ERRORS: Final[dict[str, type[StoreError]]] = {
    "ConditionNotMet": OffsetMismatch,
    "AppendPositionConditionNotMet": OffsetMismatch,
    "EmptyBlock": StoreRefused,
    "BlobIsSealed": BlobFull,
}

_LARGE: Final = bytes(range(256)) * 256  # 64 KiB
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz"
_UTF16: Final = "啊齄丂狛狜".encode("utf-16")
_FIVE: Final = tuple(b"block %d" % number for number in range(5))


def _blocks(*data: bytes, match: str = "") -> tuple[Append, ...]:
    """Appends one after the other."""
    starts = [sum(map(len, data[:number])) for number in range(len(data))]
    return tuple(
        Append(data=one, offset=start, match=match, blocks=number)
        for number, (one, start) in enumerate(zip(data, starts, strict=True), 1)
    )


def _appended(name: str, *data: bytes, match: str = "") -> Case:
    return Case(source=name, steps=(Make(), *_blocks(*data, match=match)), content=b"".join(data))


CASES: Final = (
    Case(source="test_create_blob", steps=(Make(),), content=b""),
    _appended("test_append_block", *_FIVE),
    _appended("test_append_block_high_throughput", _LARGE[:5120], _LARGE[:5120]),
    _appended("test_append_block_unicode", _UTF16),
    _appended("test_append_block_with_if_match", *_FIVE, match="last"),
    Case(
        source="test_append_block_with_if_match_fail",
        steps=(Make(), Append(data=_FIVE[0], offset=0, match="other", error="ConditionNotMet")),
        content=b"",
    ),
    Case(
        source="test_append_block_from_url_with_if_match",
        steps=(
            Make(),
            *_blocks(_LARGE, match="last"),
            Append(data=_LARGE, offset=65_536, match="other", error="ConditionNotMet"),
        ),
        content=_LARGE,
    ),
    Case(
        source="test_append_block_from_url_with_appendpos_condition",
        steps=(
            Make(),
            *_blocks(_LARGE),
            Append(data=_LARGE, offset=0, error="AppendPositionConditionNotMet"),
        ),
        content=_LARGE,
    ),
    Case(
        source="test_create_append_blob_with_no_overwrite",
        steps=(
            Make(),
            *_blocks(_LARGE),
            Make(made=False),
            Append(data=_LARGE + _LARGE[:512], offset=65_536, blocks=2),
        ),
        content=_LARGE + _LARGE + _LARGE[:512],
    ),
    _appended("test_append_blob_from_bytes", _LETTERS),
    Case(
        source="test_append_blob_from_0_bytes",
        steps=(Make(), Append(data=b"", offset=0, error="EmptyBlock")),
        content=b"",
    ),
    _appended("test_append_blob_from_bytes_with_index_and_count", _LETTERS[3:8]),
    _appended(
        "test_append_blob_from_bytes_chunked_upload",
        *(_LARGE[at : at + 4096] for at in range(0, len(_LARGE), 4096)),
    ),
    _appended("test_append_blob_from_stream_with_multiple_appends", _LARGE, _LARGE),
    _appended("test_append_blob_from_text", "hello 啊齄丂狛狜 world".encode()),
)

# Of stores that can seal: what compact() needs.
SEALS: Final = (
    Case(
        source="test_seal_append_blob",
        steps=(
            Make(),
            *_blocks(b"row\n"),
            Seal(length=4),
            Append(data=b"abc", offset=4, error="BlobIsSealed"),
        ),
        content=b"row\n",
    ),
    Case(
        source="test_seal_append_blob_with_append_condition",
        steps=(
            Make(),
            Seal(length=1, sealed=False),
            *_blocks(b"abc"),
            Seal(length=0, sealed=False),
            Seal(length=3),
            Append(data=b"abc", offset=3, error="BlobIsSealed"),
        ),
        content=b"abc",
    ),
)

UNFIT: Final = {
    "test_append_block_from_url*, the source's conditions": "a store appends bytes that it is "
    "given, never another blob's; what they ask of the blob appended to is above",
    "*_with_if_modified, *_if_unmodified, *_if_none_match": "a store asks for a position and an "
    "ETag, never for a time: two appends in one second have the same",
    "*_with_if_tags, *_with_maxsize_condition, *_with_metadata": "conditions and properties that "
    "no store uses",
    "test_append_block_with_md5, test_append_blob_with_md5": "a checksum that the SDK makes; the "
    "append rule reads back what is in doubt",
    "test_create_append_blob_with_overwrite": "a store never overwrites: it would lose rows",
    "test_create_blob_with_lease_id": "a store has no lease; a blob that somebody else leased is "
    "in tests/service",
    "*_progress*, *_from_path*, *_from_stream* (other than multiple appends), *_parallel": "how "
    "the SDK cuts a file or a stream into blocks; a store is given blocks",
    "test_append_blob_from_text_*": "the SDK's own encoding of texts",
    "test_copy_*sealed*": "copies by the service, which a store never asks for",
    "test_get_blob_properties_using_vid, *_immutability_policy, *_with_oauth": "needs a real "
    "account with versions, policies or tokens; policies are in tests/service",
}


def _same(etag: str) -> str:
    return etag.strip('"')


async def faults(
    cases: tuple[Case, ...], store: Store, content: Callable[[str], Awaitable[bytes]]
) -> dict[str, str]:
    """What goes wrong with cases against a store, by their names. ``content`` reads a blob without
    the store."""
    found = {}
    for case in cases:
        wrong = await _play(case, store, content, f"{case.source}/blob.csv")
        if wrong:
            found[case.source] = wrong
    return found


async def _play(
    case: Case, store: Store, content: Callable[[str], Awaitable[bytes]], path: str
) -> str:
    last = ""
    for number, step in enumerate(case.steps):
        at = f"step {number}, {type(step).__name__}"
        before = None if isinstance(step, Make) else await store.open(path, head=1)
        if isinstance(step, Make):
            made = await store.create(path, content_type="text/csv")
            if bool(made) is not step.made:
                return f"{at}: made is {made}"
            last = made.etag if isinstance(made, Created) else last
        elif isinstance(step, Seal):
            wrong = await _seal(step, store, path)
            if wrong:
                return f"{at}: {wrong}"
        else:
            etag = {"last": last, "other": OTHER, "": None}[step.match]
            try:
                done = await store.append(path, step.data, offset=step.offset, etag=etag)
            except StoreError as error:
                if error.code != step.error or type(error) is not _ERRORS[step.error]:
                    return f"{at}: {type(error).__name__} {error.code}"
                if isinstance(error, StoreRefused) and error.reason is not Refusal.INVALID:
                    return f"{at}: {error.reason}"
                if await store.open(path, head=1) != before:
                    return f"{at}: it was refused, and has changed the blob"
                continue
            if step.error:
                return f"{at}: {step.error} is due"
            if (done.length, done.blocks) != (step.offset + len(step.data), step.blocks):
                return f"{at}: {done}"
            if not done.etag or _same(done.etag) == _same(last):
                return f"{at}: the ETag is {done.etag!r} after {last!r}"
            last = done.etag
        opened = await store.open(path, head=1)
        if not isinstance(step, Seal) and _same(opened.etag) != _same(last):
            return f"{at}: the blob's ETag is {opened.etag}, the answer's was {last}"
    held = await content(path)
    if held != case.content:
        return f"the blob holds {held[:40]!r} of {len(held)} bytes"
    found = await store.read(path, offset=0, length=len(case.content) + 1)
    if (found.data, found.length) != (case.content, len(case.content)):
        return f"read() gives {len(found.data)} bytes of {found.length}"
    return ""


async def _seal(step: Seal, store: Store, path: str) -> str:
    sealing: ObjectStore = store  # type: ignore[assignment]
    created = (await store.open(path, head=1)).created
    etag = await sealing.seal_at(path, created=created, length=step.length)
    return "" if bool(etag) is step.sealed else f"sealed is {bool(etag)}"
