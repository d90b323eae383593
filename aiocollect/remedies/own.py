"""Rows of remedies: networks, identities, files, and reasons under which rows are counted."""

from __future__ import annotations

from typing import Final

from .access import Row
from .families import WAIT

__all__ = ["OWN"]

_TROUBLE: Final[tuple[Row, ...]] = (
    (
        "GreenThreads",
        (
            "gevent or eventlet patched threads after the pipeline was made, so its thread "
            "cannot start"
        ),
        (
            "patch before the pipeline is made, and leave threads alone: "
            "gevent.monkey.patch_all(thread=False, queue=False); or use workers of another "
            "class"
        ),
    ),
    (
        (
            "ServerBusy TooManyRequests AccountRequestRateExceeded IngressExceedsAccountLimit "
            "EgressExceedsAccountLimit OperationsPerSecondOverAccountLimit"
        ),
        "the service asks for fewer requests: the account or the blob has reached its limit",
        (
            "no action needed, it is retried more slowly; if this lasts, use a larger "
            "linger=, writer='own', or more accounts"
        ),
    ),
    (
        "OperationTimedOut InternalError",
        "the service had trouble; aiocollect finds out whether the rows were stored",
        WAIT,
    ),
    (
        "BlobModifiedWhileReading",
        "a client read or listed the blob during an append",
        (
            "no action needed, the same block is sent again; check which client lists the "
            "container often"
        ),
    ),
    (
        "NoStore",
        "recording was switched on, but this pipeline was made without a store",
        "set AIOCOLLECT_STORE and restart the process",
    ),
    (
        "DnsFailure",
        "the host name cannot be resolved",
        (
            "check the account name in store=, and the resolver: getent hosts "
            "ACCOUNT.blob.core.windows.net"
        ),
    ),
    (
        "ConnectionRefused",
        "nothing listens on this host and port, or a firewall rejects the connection",
        "check host and port in store= and proxy=; for the emulator, check that it runs",
    ),
    (
        "ConnectionReset ConnectionClosed BrokenPipe",
        "the connection was cut during a request",
        (
            "no action needed, it is retried; if this lasts, check the firewalls and "
            "proxies in between, and their time-outs"
        ),
    ),
    (
        "NetworkUnreachable HostUnreachable",
        "there is no network route to the host",
        "check the machine's network, its routes and the private endpoint",
    ),
    (
        "AddressNotAvailable",
        "this machine has no free port for a new connection",
        "find out which process opens so many connections: ss -s",
    ),
    (
        "TooManyOpenFiles EMFILE ENFILE",
        "the process or the machine has no free file descriptors",
        ("raise the limit (ulimit -n, LimitNOFILE=), and find out which process keeps files open"),
    ),
    (
        "ConnectTimeout",
        "the connection was not made in time: packets are dropped on the way",
        "check firewalls, routes, the private endpoint and its DNS name",
    ),
    (
        "ReadTimeout",
        "the answer did not come in time; aiocollect finds out whether the rows were stored",
        WAIT,
    ),
    (
        "AttemptTimeout",
        (
            "an attempt took longer than attempt_timeout; aiocollect finds out whether the "
            "rows were stored"
        ),
        WAIT,
    ),
    (
        "TlsFailure",
        ("the TLS handshake failed: there is no common version, or the server does not speak TLS"),
        "check scheme and port in store=; try openssl s_client -connect HOST:443",
    ),
    (
        "ProxyFailure",
        "the HTTP proxy refused the connection",
        "check the proxy's rules and its log for the account's host",
    ),
    (
        (
            "OtherRequest OtherRange OtherPosition OtherAnswer ShortAnswer UnreadableAnswer "
            "ContentEncoding TooLong BrokenAnswer"
        ),
        "the answer is damaged or belongs to another request: a proxy mixes up answers",
        (
            "the answer is ignored and the request is retried; check the caching proxies, "
            "and whether one replaces x-ms-client-request-id"
        ),
    ),
    (
        "StaleRead",
        (
            "the blob reads shorter than before: a cache gave an old answer, or a client "
            "truncated the blob"
        ),
        "no rows are given up, the blob is read again; check the caching proxies in between",
    ),
    (
        "creation_in_doubt",
        ("it is not known whether a new blob was made, and with which ETag: the next name is used"),
        (
            "no action needed; if this lasts, find out what cuts off answers to creations or "
            "sends them twice"
        ),
    ),
    (
        "no_line_end",
        "another client appended bytes without a line end: rows go to the next part",
        ("find out what else writes to the blob: an editor, echo -n, a collector that was cut off"),
    ),
    (
        "NotFoundAfterCreate",
        (
            "the service says that the blob exists when it is created, and that it is missing "
            "when it is read"
        ),
        "find out what deletes blobs or answers instead of the service",
    ),
    (
        "TooManyParts",
        "many parts in a row belong to other writers or are full",
        (
            "find out what writes to these names: az storage blob list --prefix PATH; or use "
            "writer='own'"
        ),
    ),
    (
        "StoreClosed",
        "the store was closed while rows waited for it",
        "close the pipeline first, then the store",
    ),
)

_IDENTITY: Final[tuple[Row, ...]] = (
    (
        "TokenUnavailable",
        ("no identity was found: there is no managed identity, workload identity or sign-in here"),
        (
            "set one up: az vm identity assign, a service account with workload identity, "
            "or az login; AIOCOLLECT_CREDENTIAL=managed, workload or cli chooses between "
            "them"
        ),
    ),
    (
        "TokenHTTP400 TokenHTTP401 TokenHTTP403 TokenRefused",
        (
            "the token endpoint refused to issue a token: identity, tenant or federation do "
            "not match"
        ),
        (
            "check AZURE_CLIENT_ID, AZURE_TENANT_ID and the federated credential's subject: az "
            "identity federated-credential list --identity-name NAME --resource-group GROUP"
        ),
    ),
    (
        "TokenHTTP404 TokenHTTP410",
        "the token endpoint does not know this identity, or is not ready yet",
        "check that the identity is assigned to this machine, and check AZURE_CLIENT_ID",
    ),
    (
        "TokenHTTP429",
        "the token endpoint asks for fewer requests",
        "no action needed, it is asked again later",
    ),
    (
        "TokenTimeout TokenConnectTimeout TokenReadTimeout",
        "the token endpoint did not answer in time",
        "check that this machine reaches 169.254.169.254 and login.microsoftonline.com",
    ),
    (
        "TokenCliMissing",
        "the Azure CLI was asked for a token, but it is not installed or not signed in",
        "sign in: az login",
    ),
)

_FILES: Final[tuple[Row, ...]] = (
    (
        "DirectoryNotFound ENOENT",
        "the directory does not exist",
        "create it, or mount its volume again",
    ),
    (
        "EACCES EPERM EROFS",
        "this user is not allowed to write there",
        "check the directory's owner and mode, and whether it is mounted read-only",
    ),
    (
        "ENOSPC EDQUOT",
        "the disk space, the inodes or the quota is used up",
        "free some space: df -h, df -i, quota -s",
    ),
    (
        "EIO",
        "the disk reported an I/O error",
        "check dmesg; move the directory to another disk",
    ),
    (
        "EISDIR ENOTDIR ELOOP ENAMETOOLONG EXDEV",
        "this path cannot be used as a file",
        "check what is at this path, and check layout=",
    ),
    (
        "EFBIG",
        "the file has reached the size limit of the file system or the process",
        "check ulimit -f and the file system's limit",
    ),
    (
        "LockHeld",
        "another process holds the lock of the file",
        "no action needed, it is retried; if this lasts, find that process: lslocks",
    ),
    (
        "NoThread",
        "the process or the machine cannot start another thread",
        "raise the process limit (ulimit -u, pids.max of the container)",
    ),
    (
        "LinkLeadsOutside",
        "a symbolic link leads out of the store's directory",
        "remove the link: ls -l on the path",
    ),
    (
        "NoLedger ForeignChange ForeignFile UnknownLedger NotAFile",
        "the file was not written by aiocollect, or another program changed it",
        "no action needed, rows go to the next part",
    ),
)

_ROWS_GIVEN: Final[tuple[Row, ...]] = (
    (
        "full",
        "of a call: memory is full of rows that wait; of a part: it has all its blocks or bytes",
        (
            "for a call, find out why the store is slow, or raise max_memory_bytes=; a part needs "
            "no action, rows go to the next one"
        ),
    ),
    (
        "too_large",
        "of a call: it is larger than limits.max_call_bytes; of a block: the store accepts less",
        (
            "for a call, record large tables with collect_pieces(); a block needs no action, it "
            "is halved between rows"
        ),
    ),
    (
        "config",
        "an option or a name in the call is wrong",
        "see the error in the log; it names the option and what to do",
    ),
    (
        "streams",
        "the gateway has as many streams as it keeps",
        "do not make names or columns out of data",
    ),
    (
        "shape",
        "the shape of the value does not fit the columns",
        "pass rows with as many cells as there are feature_names",
    ),
    (
        "type media",
        "a value has a type that cannot be recorded",
        "convert it to numbers, text, lists or dicts first",
    ),
    (
        "encode layout",
        "the encoder or the layout failed for the row",
        ("check the encoder or layout that you passed; the rows are in dead_letters= if it is set"),
    ),
    (
        "id",
        "the correlation id is not text, is empty or is too long",
        "pass a shorter text, or leave it out",
    ),
    (
        "row",
        "row= is not the index of a row",
        "pass the index of the first row within its call, a whole number from 0",
    ),
    (
        "day time",
        "at= has no time zone, or is on another day than the id",
        ("pass a datetime with a time zone on the same day as the id, or use an id of your own"),
    ),
    (
        "redact",
        "a rule of redact= failed",
        "check the rule; the row was not recorded, so that nothing leaks",
    ),
    (
        "schema_overflow",
        "the stream has had more different headers than limits.max_headers allows",
        "keep the columns fixed: do not make column names out of data",
    ),
    (
        "shed_newest shed_oldest",
        "memory was full of rows waiting for the store",
        (
            "find out why the store is slow or the path is held; or raise max_memory_bytes=, "
            "or set spool="
        ),
    ),
    (
        "delivery_timeout",
        "rows became older than delivery_timeout= before they could be sent",
        "find out why the store is slow or the path is held",
    ),
    (
        "closed",
        "the pipeline was closed before the rows were stored",
        "raise close_timeout=, or set spool=; stop collecting before the pipeline closes",
    ),
    (
        "spool",
        "rows in the spool can no longer be read",
        "see the log line about the disk",
    ),
    (
        "replaced",
        "another client deleted or replaced the blob",
        "find out what deletes blobs; rows go to the next part",
    ),
)

OWN: Final[tuple[Row, ...]] = (*_TROUBLE, *_IDENTITY, *_FILES, *_ROWS_GIVEN)
