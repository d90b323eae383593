"""The options that few need to change, in two groups; and the types of all options together.

A value is checked when it is made: ConfigError names the option and what to do.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypedDict

from ._validation.checks import check_flag, check_number
from .errors import ConfigError
from .typing import (
    Columns,
    Credential,
    Encoder,
    Format,
    Hook,
    HostKind,
    Layout,
    Store,
    WhenFull,
    Writer,
)

__all__ = ["AzureOptions", "Limits", "PipelineOptions", "Retry", "StoreOptions"]

KIB = 1024
MIB = 1024 * KIB
# Channel, lane, accumulator, a small batch, its request and its timer; measured by
# tests/simulation/bounded.py.
PATH_COST = 3 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds that few need to change: ``Pipeline(…, limits=Limits(max_blocks=20_000))``.

    Sizes in bytes; in brackets the default, and why.

    ===================  ==========================================================================
    ``ring_slots``       calls that can wait for the pump, a power of two [65,536: more than a
                         server makes between two of its turns, for 0.5 MB]
    ``max_call_bytes``   of one call as it is copied; a larger one is refused [4 MiB: that copy
                         holds the caller for about a millisecond]
    ``max_blocks``       blocks of one blob, then the next part begins [49,000: the service refuses
                         the 50,001st block (Append Block), and 1,000 are left for other writers]
    ``max_blob_bytes``   of one blob, then the next part begins [190 GiB: 50,000 blocks of 4 MiB,
                         the older limit, which every endpoint accepts (Append Block)]
    ``max_headers``      different headers of one path and day, each in a part of its own; more are
                         refused (schema_overflow) [8: more mean that columns are made of data]
    ``max_spool_bytes``  of the spool's files; later rows are in memory alone [1 GiB: a quarter of
                         an hour's outage at 1 MiB/s]
    ``media``            whether bytes that begin like audio, images or video are recorded [False:
                         such files are large, and seldom what drift is watched on]
    ===================  ==========================================================================

    Append Block: learn.microsoft.com/rest/api/storageservices/append-block. Raises ConfigError.
    """

    ring_slots: int = 2**16
    max_call_bytes: int = 4 * MIB
    max_blocks: int = 49_000
    max_blob_bytes: int = 190 * 2**30
    max_headers: int = 8
    max_spool_bytes: int = 2**30
    media: bool = False

    def __post_init__(self) -> None:
        check_flag("limits.media", self.media)
        for spec in fields(self):
            if spec.name == "media":
                continue
            check_number(f"limits.{spec.name}", getattr(self, spec.name), at_least=1, integer=True)
        if self.ring_slots & (self.ring_slots - 1):
            raise ConfigError(
                f"limits.ring_slots={self.ring_slots} is not a power of two; use "
                f"{2 ** self.ring_slots.bit_length()}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How long to wait for the store, and between attempts: ``Pipeline(…, retry=Retry(cap=5.0))``.

    Attempts are not counted: rows are tried again until they are stored, or the pipeline closes.
    All in seconds; in brackets the default, and why.

    ===================  ==========================================================================
    ``base``             the first wait, about; it doubles with each attempt, with full jitter (a
                         random part of it) [0.1: a moment's overload has passed]
    ``cap``              the longest wait [10.0: so long may the end of an outage go unnoticed]
    ``hold``             the longest wait while an operator must act (credential, container); it
                         begins with an eighth, and is four times as long where each try leaves an
                         empty part [15.0: nobody repairs that within a second]
    ``attempt_timeout``  then the attempt's outcome is unknown, and the same bytes are sent to the
                         same position again [30.0: the time that the service takes at most]
    ``overdue``          an attempt older than this gives its place among max_in_flight to others,
                         so that a path that hangs does not delay them [0.5: far above a usual
                         answer]
    ===================  ==========================================================================

    Raises ConfigError.
    """

    base: float = 0.1
    cap: float = 10.0
    hold: float = 15.0
    attempt_timeout: float = 30.0
    overdue: float = 0.5

    def __post_init__(self) -> None:
        for spec in fields(self):
            check_number(f"retry.{spec.name}", getattr(self, spec.name), above=0)


class AzureOptions(TypedDict, total=False):
    """The options that all ways to make an AzureStore share. Times in seconds.

    ======================  =======================================================================
    ``create_container``    whether a missing container is created when it is first needed; else
                            its rows are held (CONTAINER_MISSING) [True]
    ``allow_http``          whether an account on another machine may be reached without TLS [False]
    ``connection_timeout``  for a connection to be made [10.0]
    ``read_timeout``        between two pieces of an answer [30.0: a lane gives up after as long]
    ``api_version``         for services that do not know the SDK's newest version [None]
    ``ca_file``             a PEM bundle that TLS trusts instead of the system's certificates [None]
    ``proxy``               the URL of an HTTP proxy, ``http://user:password@host:port``; the
                            environment is never read for it [None]
    ``content_type``        of the blobs, instead of the encoder's [None]
    ``sas_max_age``         when a SAS without an end is renewed [3600.0: a SAS usually lives for
                            an hour]
    ``sas_timeout``         the limit of one call of the function that returns a SAS [10.0: a lane
                            learns that it hangs before it gives up]
    ======================  =======================================================================
    """

    create_container: bool
    allow_http: bool
    connection_timeout: float
    read_timeout: float
    api_version: str | None
    ca_file: str | os.PathLike[str] | None
    proxy: str | None
    content_type: str | None
    sas_max_age: float
    sas_timeout: float


class StoreOptions(AzureOptions, total=False):
    """What ``store_options=`` of a pipeline takes: AzureOptions, and one more.

    ======================  =======================================================================
    ``endpoint_suffix``     that of a sovereign cloud, for an address that names none [None]
    ======================  =======================================================================
    """

    endpoint_suffix: str | None


class PipelineOptions(TypedDict, total=False):
    """All options of Pipeline, which says what they mean: for functions that pass them on, by
    ``**options: Unpack[PipelineOptions]``."""

    store: Store | str | os.PathLike[str]
    container: str | None
    credential: Credential | None
    store_options: StoreOptions
    workspace: str
    service: str
    layout: Layout | str | None
    format: Encoder | Format
    writer: Writer
    columns: Columns
    host: HostKind
    when_full: WhenFull
    linger: float
    max_batch_bytes: int
    max_memory_bytes: int
    max_in_flight: int
    delivery_timeout: float | None
    close_timeout: float
    spool: str | os.PathLike[str] | None
    enabled: bool
    sample_rate: float
    pressure_sample_rate: float
    settings_file: str | os.PathLike[str] | None
    status: str | os.PathLike[str] | None
    dead_letters: str | os.PathLike[str] | None
    hooks: Sequence[Hook]
    strict: bool
    log: bool
    log_key: str | bytes | None
    limits: Limits
    retry: Retry
