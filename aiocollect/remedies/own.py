"""Rows of remedies.py: troubles on the way, identities, files, and what is counted by us."""

from __future__ import annotations

from typing import Final

from .families import WAIT
from .service import Row

__all__ = ["OWN"]

_TROUBLE: Final[tuple[Row, ...]] = (
    (
        "GreenThreads",
        "green threads of gevent or eventlet came after the pipeline, whose thread cannot start",
        (
            "patch before the pipeline is made, and leave threads alone: "
            "gevent.monkey.patch_all(thread=False, queue=False); or take other workers"
        ),
    ),
    (
        (
            "ServerBusy TooManyRequests AccountRequestRateExceeded IngressExceedsAccountLimit "
            "EgressExceedsAccountLimit OperationsPerSecondOverAccountLimit"
        ),
        "the service asks for fewer requests: the account or the blob is at its limit",
        (
            "nothing, it is tried more slowly; if it lasts: a larger linger=, writer='own', or "
            "more accounts"
        ),
    ),
    (
        "OperationTimedOut InternalError",
        "the service had trouble; whether the rows were stored is found out",
        WAIT,
    ),
    (
        "BlobModifiedWhileReading",
        "somebody read or listed the blob during an append",
        "nothing: the same is sent again; see who lists the container often",
    ),
    (
        "NoStore",
        "recording was switched on in a pipeline that was made without a store",
        "set AIOCOLLECT_STORE and start the process again",
    ),
    (
        "DnsFailure",
        "the host's name cannot be resolved",
        (
            "check the account's name in store=, and the resolver: getent hosts "
            "ACCOUNT.blob.core.windows.net"
        ),
    ),
    (
        "ConnectionRefused",
        "nothing listens at the host and port, or a firewall says so",
        "check host and port in store= and proxy=; is the emulator running?",
    ),
    (
        "ConnectionReset ConnectionClosed BrokenPipe",
        "the connection was cut while a request was under way",
        (
            "nothing, it is tried on; if it lasts, see firewalls and proxies on the way, and "
            "their time-outs"
        ),
    ),
    (
        "NetworkUnreachable HostUnreachable",
        "there is no network way to the host",
        "check the machine's network, its routes and the private endpoint",
    ),
    (
        "AddressNotAvailable",
        "no port of this machine is left for a new connection",
        "see who opens so many connections: ss -s",
    ),
    (
        "TooManyOpenFiles EMFILE ENFILE",
        "the process or the machine has no file descriptor left",
        "raise the limit (ulimit -n, LimitNOFILE=), and see who keeps files open",
    ),
    (
        "ConnectTimeout",
        "no connection was made in time: packets are dropped on the way",
        "check firewalls, routes, the private endpoint and its DNS name",
    ),
    (
        "ReadTimeout",
        "the answer did not come in time; whether the rows were stored is found out",
        WAIT,
    ),
    (
        "AttemptTimeout",
        "an attempt took longer than its time; whether the rows were stored is found out",
        WAIT,
    ),
    (
        "TlsFailure",
        "the TLS handshake failed: no common version, or what answers speaks no TLS",
        "check scheme and port in store=; try openssl s_client -connect HOST:443",
    ),
    (
        "ProxyFailure",
        "the HTTP proxy did not let the connection through",
        "see the proxy's rules and log for the account's host",
    ),
    (
        (
            "OtherRequest OtherRange OtherPosition OtherAnswer ShortAnswer UnreadableAnswer "
            "ContentEncoding TooLong BrokenAnswer"
        ),
        "the answer belongs to another request, or is damaged: something between mixes up answers",
        (
            "nothing is settled by it, it is tried on; see the caching proxies on the way, and "
            "whether one replaces x-ms-client-request-id"
        ),
    ),
    (
        "StaleRead",
        "the blob reads shorter than it was: an old answer of a cache, or somebody cut it off",
        "see the caching proxies on the way; nothing is settled by it, it is read again",
    ),
    (
        "creation_in_doubt",
        "whether a new blob was made, and under which ETag, is not known: the next name is taken",
        "nothing; if it lasts, see what cuts answers to creations off, or sends them twice",
    ),
    (
        "no_line_end",
        "somebody appended bytes without a line end: rows go on in the next part",
        "see who else writes to the blob: an editor, echo -n, a collector that was cut off",
    ),
    (
        "NotFoundAfterCreate",
        "creating says that the blob stands, and looking says that it is missing",
        "see what deletes blobs or answers in the service's place",
    ),
    (
        "TooManyParts",
        "many parts in a row belong to others or are full",
        "see who writes to these names: az storage blob list --prefix PATH; or use writer='own'",
    ),
    (
        "StoreClosed",
        "the store was closed while rows were on their way",
        "close the pipeline first, then the store",
    ),
)

_IDENTITY: Final[tuple[Row, ...]] = (
    (
        "TokenUnavailable",
        "no identity was found: no managed identity, workload identity or sign-in answers here",
        (
            "give one: az vm identity assign, a service account with workload identity, or az "
            "login; AIOCOLLECT_CREDENTIAL=managed, workload or cli says which is meant"
        ),
    ),
    (
        "TokenHTTP400 TokenHTTP401 TokenHTTP403 TokenRefused",
        "the token endpoint refused to give a token: identity, tenant or federation do not fit",
        (
            "check AZURE_CLIENT_ID, AZURE_TENANT_ID and the federated credential's subject: az "
            "identity federated-credential list --identity-name NAME --resource-group GROUP"
        ),
    ),
    (
        "TokenHTTP404 TokenHTTP410",
        "the token endpoint knows no such identity, or is not there yet",
        "check that the identity is assigned to this machine, and AZURE_CLIENT_ID",
    ),
    (
        "TokenHTTP429",
        "the token endpoint asks for fewer requests",
        "nothing, it is asked again later",
    ),
    (
        "TokenTimeout TokenConnectTimeout TokenReadTimeout",
        "the token endpoint gave no answer in time",
        "see whether this machine reaches 169.254.169.254 and login.microsoftonline.com",
    ),
    (
        "TokenCliMissing",
        "the Azure CLI was asked for a token, and is not installed or not signed in",
        "az login",
    ),
)

_FILES: Final[tuple[Row, ...]] = (
    (
        "DirectoryNotFound ENOENT",
        "the directory does not exist",
        "make it, or mount its volume again",
    ),
    (
        "EACCES EPERM EROFS",
        "this user may not write there",
        "see the directory's owner and mode, and whether it is mounted read-only",
    ),
    (
        "ENOSPC EDQUOT",
        "the disk, its inodes or the quota are used up",
        "make room: df -h, df -i, quota -s",
    ),
    (
        "EIO",
        "the disk reports a fault",
        "see dmesg; put the directory on another disk",
    ),
    (
        "EISDIR ENOTDIR ELOOP ENAMETOOLONG EXDEV",
        "the name cannot be a file there",
        "see what stands at this path, and layout=",
    ),
    (
        "EFBIG",
        "the file is larger than the file system or the process may have it",
        "see ulimit -f and the file system's limit",
    ),
    (
        "LockHeld",
        "another process holds the lock of the file",
        "nothing, it is tried on; if it lasts, see who: lslocks",
    ),
    (
        "NoThread",
        "the process or the machine can start no thread",
        "raise the limit of processes (ulimit -u, pids.max of the container)",
    ),
    (
        "LinkLeadsOutside",
        "a link leads out of the store's directory",
        "remove the link: ls -l on the path",
    ),
    (
        "NoLedger ForeignChange ForeignFile UnknownLedger NotAFile",
        "the file was not written by aiocollect, or was changed by somebody else",
        "nothing: rows go to the next part",
    ),
)

_ROWS_GIVEN: Final[tuple[Row, ...]] = (
    (
        "shape",
        "the value's shape does not fit the columns",
        "give rows of as many cells as feature_names has",
    ),
    (
        "type media",
        "a value is of a kind that cannot be recorded",
        "turn it into numbers, text, lists or dicts first",
    ),
    (
        "encode layout",
        "the encoder or the layout raised an error for the row",
        "see the encoder or layout that was given; the rows are in dead_letters= where it is set",
    ),
    (
        "id",
        "the correlation id is no text, or too long",
        "give text, or none",
    ),
    (
        "row",
        "row= is no index of a row",
        "give the index of the first row within its call, a whole number from 0 on",
    ),
    (
        "day time",
        "at= is no moment with a time zone, or is of another day than the id",
        "give a datetime with a zone, and an id of the same day, or a caller's own id",
    ),
    (
        "redact",
        "a rule of redact= failed",
        "see the rule: the row was not recorded, so that nothing leaks",
    ),
    (
        "schema_overflow",
        "the stream has had more different headers than limits.max_headers",
        "fix the columns: names must not be made of data",
    ),
    (
        "shed_newest shed_oldest",
        "memory was full of rows that wait for the store",
        "see why the store is slow or held; then max_memory_bytes= or spool=",
    ),
    (
        "delivery_timeout",
        "rows were older than delivery_timeout= before they could be sent",
        "see why the store is slow or held",
    ),
    (
        "closed",
        "the pipeline was closed first",
        "give close_timeout= more seconds, or a spool=, and collect before the shutdown",
    ),
    (
        "spool",
        "what was in the spool can no longer be read",
        "see the log's line about the disk",
    ),
    (
        "replaced",
        "somebody deleted or replaced the blob",
        "see who deletes blobs; rows go to the next part",
    ),
)

OWN: Final[tuple[Row, ...]] = (*_TROUBLE, *_IDENTITY, *_FILES, *_ROWS_GIVEN)
