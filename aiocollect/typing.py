"""What users may bring themselves, and the words that options take.

The Protocols, with the values that cross them, and a ``Literal`` for each option whose words are
few, so that editors complete them and type checkers refuse others.

A store knows bytes and paths, never rows. An encoder knows rows, never paths. A layout knows names
and days, never bytes. None of them knows the engine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from .events import Event

__all__ = [
    "METADATA",
    "Appended",
    "Clock",
    "Columns",
    "Created",
    "Credential",
    "Encoder",
    "Format",
    "Hook",
    "HostKind",
    "IdentityName",
    "KeyCredential",
    "Layout",
    "Names",
    "Opened",
    "Piece",
    "QuickEncoder",
    "Range",
    "Rows",
    "SasCredential",
    "Schema",
    "Store",
    "TokenCredential",
    "WhenFull",
    "Writer",
]

# What each word does stands in Pipeline's docstring.
Format: TypeAlias = Literal["csv", "jsonl"]
Columns: TypeAlias = Literal["ids", "aml", "none"]
Writer: TypeAlias = Literal["shared", "own"]
HostKind: TypeAlias = Literal["loop", "thread"]
WhenFull: TypeAlias = Literal["shed_newest", "shed_oldest", "raise"]
IdentityName: TypeAlias = Literal["default", "managed", "workload", "cli"]

# The columns after the features: which call, when, and which row of the call.
METADATA = ("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row")

# Rows of one call, frozen: a tuple of row tuples, or a private 2-D numpy array; for a QuickEncoder
# a list of written rows too.
Rows: TypeAlias = Any


class Opened(NamedTuple):
    """A blob as one ranged GET shows it.

    ``length`` in bytes, ``blocks`` committed, ``created`` an opaque text that changes when the
    blob is made anew, ``etag`` for If-Match, ``head`` the first bytes, at most as many as asked.
    """

    length: int
    blocks: int
    created: str
    etag: str
    head: bytes


class Appended(NamedTuple):
    """An acknowledged append: the blob's ``length``, committed ``blocks`` and ``etag`` after it."""

    length: int
    blocks: int
    etag: str


class Created(NamedTuple):
    """A creation that succeeded: the ``etag`` of the new, empty blob, for If-Match."""

    etag: str


class Range(NamedTuple):
    """A part of a blob read back: ``data`` (shorter than asked for only where the blob ends), and
    the whole blob's ``length``, ``etag`` and ``created``. ``ended``: it shows that the blob takes
    no more appends, for a seal or its number of blocks; so it is no old view of it. A store that
    cannot tell leaves it: such a blob is left for the next one five seconds later."""

    data: bytes
    length: int
    etag: str
    created: str
    ended: bool = False


class Store(Protocol):
    """Where append blobs live. Used from one event loop at a time; the next one may be another.

    Every method raises :class:`~aiocollect.errors.StoreError` and nothing else
    (``asyncio.CancelledError`` passes through; during an append it leaves the outcome unknown). A
    store never retries.
    """

    async def open(self, path: str, *, head: int) -> Opened:
        """Look at the blob. StoreRefused BLOB_MISSING, WRONG_TYPE, NO_RIGHT, CREDENTIAL."""
        ...

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """Create an empty append blob, only if there is none. False: one stands there.

        A store that knows no ETag of what it made may return True. A writer without the right to
        read has its ETags from here and from its appends alone: without this one, rows of its first
        append can stand twice where somebody deletes the blob while requests are late.
        """
        ...

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """Append ``data`` as one block if the blob's length is ``offset`` and, where given, its
        ETag is ``etag``; else OffsetMismatch. Atomic: all of it or nothing."""
        ...

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """Read at most ``length`` bytes at ``offset``; at or behind the end there are none."""
        ...

    async def aclose(self) -> None:
        """Give back connections and threads; idempotent. A later use makes new ones: a pipeline may
        start again."""
        ...


class Piece(NamedTuple):
    """A run of rows of one call, as an encoder sees it; ``first`` is the index of its first row."""

    rows: Rows
    correlation_id: str
    timestamp: str
    first: int


class Schema(NamedTuple):
    """The columns of a stream's rows: the ``features``, with ``ids`` those of METADATA after them,
    then ``constants``, pairs of a name and a text that is the same in every row."""

    features: tuple[str, ...]
    ids: bool = True
    constants: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        constants = tuple(name for name, _ in self.constants)
        return self.features + (METADATA if self.ids else ()) + constants


class Encoder(Protocol):
    """Turns rows into lines of bytes, each whole, each ending in a newline.

    What it raises takes the row that it raised for out of the stream: a dead letter.
    """

    @property
    def content_type(self) -> str:
        """The blob's content type."""
        ...

    @property
    def extension(self) -> str:
        """The file name's extension, without the dot."""
        ...

    def header(self, schema: Schema) -> bytes:
        """The first line of a part, newline included; b"" for formats without one."""
        ...

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line per row, in order; all rows are of this schema."""
        ...


class QuickEncoder(Encoder, Protocol):
    """An encoder that also takes the two forms that rows of the usual calls have, for their speed.

    A call of many rows of finite numbers and truth values is a piece whose ``rows`` are a list of
    written rows: each the JSON of its cells between commas, as orjson writes them,
    ``b"0.5,7,true"``. Calls of one row come in columns. Both only where the class that defines
    ``encode`` defines ``encode_singles`` too.
    """

    def encode_singles(
        self,
        rows: Sequence[tuple[Any, ...]],
        ids: Sequence[str],
        timestamps: Sequence[str],
        schema: Schema,
    ) -> list[bytes]:
        """What encode() makes of a piece for each row, with its id and timestamp; first is 0."""
        ...


class Names(NamedTuple):
    """What a stream is called: the words a layout builds a path from, as the user gave them."""

    workspace: str
    service: str
    model: str
    version: str
    identifier: str


class Layout(Protocol):
    """Decides the path (blob name) of a stream's rows of one hour.

    Asked once per stream and hour; rows with the same path share a blob. What it raises takes the
    hour's rows out of the stream: dead letters.
    """

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        """The blob name below the container; ``moment`` (UTC) is when the hour of the scoring
        began. ConfigError for names that cannot make one."""
        ...


class Clock(Protocol):
    """The time, injected: nothing below the engine asks the machine for it."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


# A hook is any callable that takes an event. It is called on the pipeline's loop (refusals: on the
# thread that collected), must not block, and what it raises is counted and otherwise ignored.
Hook: TypeAlias = Callable[[Event], None]


# Credentials --------------------------------------------------------------------------------------


class TokenCredential(Protocol):
    """Gives access tokens, asynchronously: a credential of ``azure.identity.aio``, or your own."""

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        """An azure.core.credentials.AccessToken, or what looks like one."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Never called by a pipeline: closing it is up to whoever made it."""
        ...


class SasCredential(Protocol):
    """Holds a SAS that may be exchanged: azure.core.credentials.AzureSasCredential."""

    @property
    def signature(self) -> str:
        """The SAS, without a question mark."""
        ...


class KeyCredential(Protocol):
    """Holds an account key that may be exchanged:
    azure.core.credentials.AzureNamedKeyCredential."""

    @property
    def named_key(self) -> Any:
        """The account's name, and its key."""
        ...


# A text is an account key, a SAS, or an identity's name; a function returns a SAS, and is asked
# again before that one ends.
Credential: TypeAlias = (
    IdentityName
    | str
    | Callable[[], str | Awaitable[str]]
    | TokenCredential
    | SasCredential
    | KeyCredential
)
