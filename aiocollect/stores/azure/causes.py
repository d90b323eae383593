"""The code of a failed connection: why there was no answer. Pure.

The SDK says "the server did not receive this" about any failure, and aiohttp wraps what the system
reported. What an operator needs is at the bottom: the resolver, the port, the firewall, the
certificate, a limit of the process. No part of a message is kept, since messages contain URLs.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["cause_of"]

# By the name of a class or of one of its bases, so that nothing is imported for it. Checked before
# the error number: TLS and the resolver have numbers of their own.
_BY_NAME: Final[Mapping[str, str]] = {
    "ClientConnectorDNSError": "DnsFailure",
    "gaierror": "DnsFailure",
    "herror": "DnsFailure",
    "ClientConnectorCertificateError": "TlsVerify",
    "SSLCertVerificationError": "TlsVerify",
    "CertificateError": "TlsVerify",
    "ServerFingerprintMismatch": "TlsVerify",
    "ClientConnectorSSLError": "TlsFailure",
    "SSLError": "TlsFailure",
    "ClientHttpProxyError": "ProxyFailure",
    "ConnectionTimeoutError": "ConnectTimeout",
    "ServiceRequestTimeoutError": "ConnectTimeout",
    "SocketTimeoutError": "ReadTimeout",
    "ServerTimeoutError": "ReadTimeout",
    "ServiceResponseTimeoutError": "ReadTimeout",
    "ServerDisconnectedError": "ConnectionClosed",
    "ClientPayloadError": "BrokenAnswer",
    "IncompleteReadError": "BrokenAnswer",
    "ClientResponseError": "UnreadableAnswer",
    "ConnectionRefusedError": "ConnectionRefused",
    "ConnectionResetError": "ConnectionReset",
    "ConnectionAbortedError": "ConnectionReset",
    "BrokenPipeError": "ConnectionReset",
    "TimeoutError": "ReadTimeout",
}
_BY_NUMBER: Final[Mapping[int, str]] = {
    errno.ECONNREFUSED: "ConnectionRefused",
    errno.ECONNRESET: "ConnectionReset",
    errno.ECONNABORTED: "ConnectionReset",
    errno.EPIPE: "ConnectionReset",
    errno.ENETUNREACH: "NetworkUnreachable",
    errno.ENETDOWN: "NetworkUnreachable",
    errno.EHOSTUNREACH: "HostUnreachable",
    errno.EHOSTDOWN: "HostUnreachable",
    errno.EADDRNOTAVAIL: "AddressNotAvailable",
    errno.EMFILE: "TooManyOpenFiles",
    errno.ENFILE: "TooManyOpenFiles",
    errno.ETIMEDOUT: "ConnectTimeout",
}
# After attempts at several addresses, their numbers survive only in the system's text.
_NUMBER: Final = re.compile(r"\[Errno (\d+)\]")
# Attributes that lead to the cause of an exception.
_INNER: Final = ("os_error", "inner_exception", "certificate_error", "__cause__", "__context__")
# No library wraps more deeply.
_DEEPEST: Final = 12


def cause_of(error: BaseException) -> str:
    """Our code of a failed connection, from the deepest known cause; "" if it is not one."""
    found = ""
    for inner in _chain(error):
        code = _code(inner)
        # A client library's own exception says less than the system's.
        if code and not (found and code in ("ReadTimeout", "BrokenAnswer", "UnreadableAnswer")):
            found = code
        if found == "ProxyFailure":
            break
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes, outermost first, each once."""
    seen: list[BaseException] = [error]
    for current in seen:
        yield current
        for name in _INNER:
            inner = getattr(current, name, None)
            if (
                isinstance(inner, BaseException)
                and len(seen) < _DEEPEST
                and not any(inner is other for other in seen)
            ):
                seen.append(inner)


def _code(error: BaseException) -> str:
    names = [kind.__name__ for kind in type(error).__mro__]
    for name in names:
        # ClientConnectorError and similar classes are OSErrors by name only: the number says more.
        if name in _BY_NAME:
            return _BY_NAME[name]
    if isinstance(error, OSError):
        number = _BY_NUMBER.get(error.errno or 0)
        if number is not None:
            return number
        for text in _NUMBER.findall(str(error)):
            if int(text) in _BY_NUMBER:
                return _BY_NUMBER[int(text)]
    return ""
