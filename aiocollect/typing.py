"""What users can bring themselves, and the words that options take.

The Protocols, with the values that they exchange, and a ``Literal`` for each option with a fixed
set of words, so that editors complete them and type checkers refuse others.

A store knows bytes and paths, never rows. An encoder knows rows, never paths. A layout knows names
and days, never bytes. None of them knows the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from .events import Event

__all__ = [
    "LOG_ROOT",
    "METADATA",
    "Appended",
    "Catalog",
    "Clock",
    "Columns",
    "Created",
    "Credential",
    "Encoder",
    "Features",
    "Format",
    "Hook",
    "HostKind",
    "IdentityName",
    "KeyCredential",
    "Layout",
    "Listed",
    "Names",
    "Opened",
    "Piece",
    "Range",
    "Rows",
    "SasCredential",
    "Schema",
    "Store",
    "TokenCredential",
    "WhenFull",
    "Writer",
]

# Pipeline's docstring says what each word does.
Format: TypeAlias = Literal["csv", "jsonl"]
Columns: TypeAlias = Literal["ids", "aml", "none"]
Writer: TypeAlias = Literal["shared", "own"]
HostKind: TypeAlias = Literal["loop", "thread"]
WhenFull: TypeAlias = Literal["shed_newest", "shed_oldest", "raise"]
IdentityName: TypeAlias = Literal["default", "managed", "workload", "cli"]

# The columns of a stream: their names, or names with types, which reading then need not find out:
# {"age": float, "plan": str, "note": None}. int, float, str, bool, datetime, date; None: not said.
Features: TypeAlias = Sequence[str] | Mapping[str, type[Any] | None]

# The columns after the features: the call's id, its time, and the row's index in the call.
METADATA = ("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row")

# What the log's blobs begin with. Readers pass over it, and so do Spark, Arrow and Hive, which take
# names with an underscore for none of the data.
LOG_ROOT: Final = "_aiocollect/"

# Rows of one call, frozen: a tuple of row tuples, or a private 2-D numpy array.
Rows: TypeAlias = Any


class Opened(NamedTuple):
    """A blob as one ranged GET shows it.

    ``length`` in bytes; ``blocks``: how many are committed; ``created``: a text that changes when
    the blob is deleted and created again; ``etag`` for If-Match; ``head``: the first bytes, at most
    as many as were asked for.
    """

    length: int
    blocks: int
    created: str
    etag: str
    head: bytes


class Appended(NamedTuple):
    """An acknowledged append: the blob's ``length``, its committed ``blocks`` and its ``etag``
    after it."""

    length: int
    blocks: int
    etag: str


class Created(NamedTuple):
    """A creation that succeeded: the ``etag`` of the new, empty blob, for If-Match."""

    etag: str


class Range(NamedTuple):
    """Bytes of a blob that were read back.

    ``data`` is shorter than asked for only at the end of the blob. ``length``, ``etag`` and
    ``created`` are those of the whole blob. ``ended``: the answer shows that the blob accepts no
    more appends (it is sealed, or has all its blocks), so it is not an outdated view. A store that
    cannot tell says False; the pipeline then waits five seconds before it goes on to the next blob.
    """

    data: bytes
    length: int
    etag: str
    created: str
    ended: bool = False


class Store(Protocol):
    """Where append blobs are. Used from one event loop at a time, which can be another one later.

    Every method raises :class:`~aiocollect.StoreError` and nothing else
    (``asyncio.CancelledError`` passes through; during an append it leaves the outcome unknown). A
    store never retries.

    With a spool, an attribute ``target`` (text, without a secret) tells this store from others of
    its class: rows in a spool are for one target alone. Without it the class's name is used.
    """

    async def open(self, path: str, *, head: int) -> Opened:
        """Look at the blob. StoreRefused BLOB_MISSING, WRONG_TYPE, NO_RIGHT, CREDENTIAL."""
        ...

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """Create an empty append blob, only if there is none. False: there is one already.

        A store that does not know the new blob's ETag can return True. A writer that may not read
        has ETags from here and from its appends only: without this one, rows of its first append
        can be stored twice if somebody deletes the blob while requests are late.
        """
        ...

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """Append ``data`` as one block if the blob's length is ``offset`` and, if given, its ETag
        is ``etag``; otherwise OffsetMismatch. All of it is applied, or nothing. A block is never
        empty: StoreRefused INVALID."""
        ...

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """Read at most ``length`` bytes at ``offset``; from the end on there are none."""
        ...

    async def aclose(self) -> None:
        """Close connections and threads; idempotent. A later call opens new ones, since a pipeline
        can start again."""
        ...


class Listed(NamedTuple):
    """A blob as a listing shows it. ``length`` in bytes; ``created`` as in Opened.

    ``appendable``: it is an append blob. ``committed``: all of its bytes were acknowledged to
    whoever wrote them; False for a file that nobody keeps a ledger of, whose end may be torn.
    ``modified``: when it last changed, in seconds since 1970; None: the store does not say.
    """

    path: str
    length: int
    created: str
    appendable: bool = True
    committed: bool = True
    modified: float | None = None


class Catalog(Protocol):
    """What readers need of a store. It disturbs no writer: it takes no locks and changes nothing.

    Like a Store's, its methods raise :class:`~aiocollect.StoreError` and nothing else.
    """

    def list(self, prefix: str) -> AsyncIterator[Listed]:
        """The blobs whose paths begin with ``prefix``, in no order that counts."""
        ...

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """Like Store.read(), but of a block blob too. Of one ``created`` must also differ after it
        was written anew."""
        ...

    async def aclose(self) -> None:
        """See Store.aclose()."""
        ...


class ObjectStore(Catalog, Protocol):
    """What compact() needs of a store besides: files that are put whole and never change, and the
    removal of blobs that are in them.

    Like a Store's, its methods raise :class:`~aiocollect.StoreError` and nothing else; what is put
    can be listed and fetched.
    """

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """Make a whole file of the ``length`` bytes of ``file``, only if there is none: of several
        that do so at a time one wins. False: there is one already, whoever made it.

        Nobody ever sees a part of it. OutcomeUnknown: it may be there.
        """
        ...

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """Let nobody append to this blob any more, if it is still the one of that creation time,
        and of that length. Returns its ETag; "" if it is another one, longer, or gone."""
        ...

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """Delete the blob if its ETag is this. False: it is another one, or gone."""
        ...


class Piece(NamedTuple):
    """Rows of one call, as an encoder gets them. ``first`` is the first row's index in the call."""

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
    """Turns rows into lines of bytes; each line is whole and ends in a newline.

    If it raises, the row that it raised for becomes a dead letter.
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
        """The first line of a blob, with its newline; b"" for formats without a header."""
        ...

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line for each row, in order; all rows have this schema."""
        ...


class Names(NamedTuple):
    """The names of a stream, as the user gave them: a layout makes the path of them."""

    workspace: str
    service: str
    model: str
    version: str
    identifier: str


class Layout(Protocol):
    """Decides the path (the blob's name) of a stream's rows of one hour.

    Called once for each stream and hour; rows with the same path share a blob. If it raises, the
    rows of that hour become dead letters.
    """

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        """The blob's name in the container; ``moment`` (UTC) is the beginning of the scoring's
        hour. ConfigError for names that cannot make one."""
        ...


class Clock(Protocol):
    """The time. Nothing below the engine asks the machine for it."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...


# Any callable that takes an event. It is called on the pipeline's event loop (Refused: on the
# thread that called collect()) and must not block. What it raises is counted and ignored.
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
    """Holds a SAS that can be replaced: azure.core.credentials.AzureSasCredential."""

    @property
    def signature(self) -> str:
        """The SAS, without a question mark."""
        ...


class KeyCredential(Protocol):
    """Holds an account key that can be replaced: azure.core.credentials.AzureNamedKeyCredential."""

    @property
    def named_key(self) -> Any:
        """The account's name, and its key."""
        ...


# Text is an account key, a SAS, or the name of an identity. A function returns a SAS, and is called
# again before that SAS ends.
Credential: TypeAlias = (
    IdentityName
    | str
    | Callable[[], str | Awaitable[str]]
    | TokenCredential
    | SasCredential
    | KeyCredential
)
