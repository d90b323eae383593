"""The facts that doctor's checks judge: plain values, gathered by ``gathering/``, without a secret.

A step's ``code`` is one of aiocollect.remedies, "" if it went well. None means that it was not
looked at, or that it cannot be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # what no directory needs
    from aiocollect.stores.azure import AccountInfo

__all__ = [
    *("CredentialFacts", "Facts", "NetworkFacts", "OptionFact", "OptionsFacts"),
    *("Outcome", "PathFacts", "ProbeFacts", "ProcessFacts", "SasFacts", "Step", "StoreFacts"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """This interpreter and machine. ``packages``: what is installed, and the least version that
    aiocollect was tried with; None: not installed. ``core``: see aiocollect.stats.CORE.
    ``memory_limit``: of the container, in bytes. ``open_files``: the limit of descriptors."""

    python: tuple[int, int, int] = (3, 11, 0)
    system: str = "Linux"
    core: str = "native"
    packages: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    open_files: int | None = None
    memory_limit: int | None = None


@dataclass(frozen=True, slots=True)
class OptionFact:
    """An option that differs from its default; ``shown`` is its value, or what stands for a
    secret. ``source``: "argument", a variable's name, or "settings file"."""

    name: str
    shown: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsFacts:
    """``near``: variables that a pipeline refuses, and the one that each may have meant. ``alike``:
    variables that it ignores, and look like one of ours. ``foreign``: with our prefix alone.
    ``problem``: why a pipeline refuses these options. The rest are values that checks need."""

    options: tuple[OptionFact, ...] = ()
    near: Mapping[str, str] = field(default_factory=dict)
    alike: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    problem: str = ""
    enabled: bool = True
    switched_off: tuple[str, ...] = ()  # collectors, by the settings file
    linger: float = 2.0
    writer: str = "shared"
    log: bool = True
    max_in_flight: int = 16
    max_memory_bytes: int = 64 * 2**20
    max_spool_bytes: int = 2**30
    create_container: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """A file or directory of this machine. ``what``: the option that names it. ``exists``: what is
    there: "directory", "file", "link", "other", or "" (nothing). ``by_others``: other users may
    write to it. ``above``: where it does not exist, the nearest directory above it, which
    ``writable`` is then about. ``free``: bytes. ``running`` and ``left``: processes of a spool that
    live, and that ended and left rows; ``corrupt``: pieces set aside. ``entries``: status files.
    ``problem``: what is wrong with its content."""

    what: str
    path: str
    code: str = ""
    exists: Literal["directory", "file", "link", "other", ""] = "directory"
    owner: int | None = None
    me: int | None = None
    by_others: bool = False
    writable: bool = True
    above: str = ""
    free: int | None = None
    filesystem: str = ""
    running: int = 0
    left: int = 0
    corrupt: int = 0
    unreadable: tuple[str, ...] = ()
    entries: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """``kind``: of the store. ``shown``: its address, without a secret."""

    kind: Literal["azure", "emulator", "directory", "memory", "other", "none"] = "none"
    shown: str = ""
    account: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """The way to an account, step by step; a step after one that failed is None.

    ``proxy``: whether the option is set. ``proxy_variables``: names of variables that other
    programs take a proxy from. ``certificate_days``: until the server's certificate ends.
    ``is_service``: the answer looks like one of a blob service. ``skew``: this clock minus the
    service's, in seconds.
    """

    host: str
    port: int
    https: bool = True
    proxy: bool = False
    proxy_variables: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    private: bool = False
    name: Step | None = None
    connection: Step | None = None
    tls: Step | None = None
    issuer: str = ""
    certificate_days: float | None = None
    answer: Step | None = None
    is_service: bool = True
    server: str = ""
    skew: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SasFacts:
    """The parts of a SAS that are no secret, as they stand in it."""

    rights: str = ""
    resource: str = ""
    signed_by_identity: bool = False
    policy: bool = False
    addresses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """``kind``: "key", "sas", "function", "token", "identity", "emulator" or "none". ``identity``:
    its name. ``warnings``: aspect and sentence, as aiocollect.events.CredentialWarning has them."""

    kind: Literal["key", "sas", "function", "token", "identity", "emulator", "none"] = "none"
    identity: str = ""
    sas: SasFacts | None = None
    warnings: tuple[tuple[str, str], ...] = ()


# done: it worked; exists, mismatch: the answer that this step can also have; refused, unknown: by
# the code; late: it took longer than its limit.
Outcome: TypeAlias = Literal[
    "done", "exists", "mismatch", "different", "refused", "unknown", "late"
]


@dataclass(frozen=True, slots=True)
class Step:
    """``reason``: the word of a Refusal. ``seconds``: how long it took."""

    outcome: Outcome = "done"
    code: str = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFacts:
    """What became of a blob that doctor made: each step, None if it was not tried. ``misplaced``:
    the append with a wrong position. ``latencies``: of appends, in seconds. ``left_before``: the
    blob was there already. ``left``: it is still there."""

    path: str = ""
    open: Step | None = None
    create: Step | None = None
    append: Step | None = None
    misplaced: Step | None = None
    read_back: Step | None = None
    list: Step | None = None
    delete: Step | None = None
    latencies: tuple[float, ...] = ()
    left_before: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything."""

    process: ProcessFacts = field(default_factory=ProcessFacts)
    options: OptionsFacts = field(default_factory=OptionsFacts)
    paths: tuple[PathFacts, ...] = ()
    store: StoreFacts = field(default_factory=StoreFacts)
    network: NetworkFacts | None = None
    credential: CredentialFacts | None = None
    account: AccountInfo | None = None
    probe: ProbeFacts | None = None
    write: bool = True
    offline: bool = False
