"""The way to an account: name, connection, TLS, and an answer with its date. No credential is sent.

The name is looked up, and TLS spoken, in threads with a limit: a resolver and a handshake can hang.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from aiocollect.stores.azure.causes import cause_of

from ..facts import NetworkFacts, Step
from .limits import apart

__all__ = ["PROXIES", "network_of"]

# What other programs read; a pipeline does not, since that would cost each request.
HEADERS: Final = {"x-ms-version": "2021-12-02", "Accept-Encoding": "identity"}
PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


async def network_of(
    url: str,
    *,
    environ: Mapping[str, str],
    ca_file: str | None,
    proxy: str | None,
    limit: float,
) -> NetworkFacts:
    """Walk the way to the account of this URL. Each step takes at most ``limit`` seconds, and the
    first that fails is the last."""
    parts = urlsplit(url)
    https = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if https else 80)
    found: dict[str, Any] = {
        "host": host,
        "port": port,
        "https": https,
        "proxy": proxy is not None,
        "proxy_variables": tuple(name for name in PROXIES if environ.get(name)),
    }
    if proxy is not None:
        # The proxy looks the name up and connects.
        through = urlsplit(proxy)
        host, port = through.hostname or "", through.port or 80
        found |= {"host": host, "port": port}
    step, addresses = await _step(limit, partial(_look_up, host, port), late="DnsFailure")
    found["name"] = step
    if addresses is None:
        return NetworkFacts(**found)
    found |= {"addresses": addresses, "private": _is_private(addresses[0])}
    step, _ = await _step(limit, partial(_connect, host, port, limit))
    found["connection"] = step
    if step.outcome != "done":
        return NetworkFacts(**found)
    if https and proxy is None:
        step, certificate = await _step(
            limit, partial(_shake, host, port, limit, ca_file), late="TlsFailure"
        )
        found["tls"] = step
        if certificate is None:
            return NetworkFacts(**found)
        found |= certificate
    found |= await _answer(url, ca_file=ca_file, proxy=proxy, limit=limit)
    return NetworkFacts(**found)


async def _step(
    limit: float, work: Callable[[], Any], *, late: str = "ConnectTimeout"
) -> tuple[Step, Any]:
    """``late``: the code where it takes too long."""
    begin = time.monotonic()
    try:
        found = await apart(limit, work)
    except TimeoutError:
        return Step("late", late, seconds=time.monotonic() - begin), None
    except (OSError, ValueError) as error:
        code = cause_of(error) or "ConnectionClosed"
        return Step("unknown", code, seconds=time.monotonic() - begin), None
    return Step(seconds=time.monotonic() - begin), found


def _look_up(host: str, port: int) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def _connect(host: str, port: int, limit: float) -> bool:
    with socket.create_connection((host, port), timeout=limit):
        return True


def _shake(host: str, port: int, limit: float, ca_file: str | None) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=ca_file)
    with (
        socket.create_connection((host, port), timeout=limit) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        certificate: Any = secure.getpeercert()
    found: dict[str, Any] = {"issuer": _name_of(certificate.get("issuer", ()))}
    if certificate.get("notAfter"):
        left = ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()
        found["certificate_days"] = left / 86_400
    return found


def _name_of(names: Any) -> str:
    """The organisation of a certificate's issuer, else its common name."""
    parts = {key: value for part in names for key, value in part}
    return str(parts.get("organizationName") or parts.get("commonName") or "")


async def _answer(
    url: str, *, ca_file: str | None, proxy: str | None, limit: float
) -> dict[str, Any]:
    import aiohttp

    tls: Any = ssl.create_default_context(cafile=ca_file) if ca_file else True
    begin = time.monotonic()
    try:
        async with (
            asyncio.timeout(limit),
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls), trust_env=False, proxy=proxy
            ) as session,
            # To list the containers takes a credential: the service refuses it, and says when.
            session.get(f"{url}/?comp=list", allow_redirects=False, headers=HEADERS) as answer,
        ):
            headers, status = answer.headers, answer.status
    except TimeoutError:
        return {"answer": Step("late", "ReadTimeout", seconds=time.monotonic() - begin)}
    except (aiohttp.ClientError, OSError, ValueError) as error:
        code = cause_of(error) or "BrokenAnswer"
        if getattr(error, "status", None) == 407:
            code = "ProxyAuthentication"
        return {"answer": Step("unknown", code, seconds=time.monotonic() - begin)}
    step = Step(seconds=time.monotonic() - begin)
    if status == 407:
        step = Step("unknown", "ProxyAuthentication", seconds=step.seconds)
    return {
        "answer": step,
        "is_service": "x-ms-request-id" in headers or "x-ms-error-code" in headers,
        "server": headers.get("Server", "").split(" ")[0][:60],
        "skew": _skew(headers.get("Date")),
    }


def _skew(date: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (datetime.now(UTC) - moment).total_seconds()


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_private
    except ValueError:
        return False
