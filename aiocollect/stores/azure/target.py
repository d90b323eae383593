"""The target of an Azure store: account, container and credential, from URL or text. Pure.

Invariants: mistakes are reported at construction, with the name of the option and a remedy, and
never with the value of a secret; rows travel over TLS unless the host is this machine or plain HTTP
was explicitly allowed.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ...errors import ConfigError
from .identity import NAMES, Identity
from .sas import is_callback
from .tokens import is_token_credential

__all__ = [
    "EMULATOR_ACCOUNT",
    "EMULATOR_KEY",
    "PUBLIC_CLOUD",
    "Target",
    "account_url",
    "check_container",
    "check_suffix",
    "is_sound",
    "split_url",
]

# The default cloud of an account.
PUBLIC_CLOUD: Final = "core.windows.net"
# Azurite's default port.
EMULATOR_PORT: Final = 10000

# The emulator's account, the same everywhere: published in its documentation, not a secret.
EMULATOR_ACCOUNT: Final = "devstoreaccount1"
EMULATOR_KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

# "Naming and referencing containers, blobs, and metadata", learn.microsoft.com.
MAX_NAME: Final = 1024
_CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*\Z")

_SHOWN = re.compile(r"[\w .-]{0,63}\Z")

_SUFFIX = re.compile(r"(?=.{1,200}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+\Z", re.IGNORECASE)
_ACCOUNT = re.compile(r"[a-z0-9-]+\Z", re.IGNORECASE)
# account.blob.core.windows.net, or with a zone: account.z01.blob.storage.azure.net.
_OTHER_ENDPOINT = re.compile(
    r"([a-z0-9-]+)(\.z\d+)?(\.privatelink)?\.(blob|dfs|file|queue|table|web)"
    r"\.((?:core|storage)\.[a-z0-9.-]+)\Z",
    re.IGNORECASE,
)

_KINDS: Final = (
    "an account key, a SAS, a function that returns a SAS, an async token credential such as "
    "azure.identity.aio.DefaultAzureCredential(), or the name of an identity: " + ", ".join(NAMES)
)
_NEEDS_HTTPS: Final = "credential=: a token can only be sent over https; use an https URL in store="
_SHORTEST_KEY: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An account's URL, without query; the account's name; and its credential.

    ``credential`` is what the SDK accepts: a name and key, a SAS text, or a credential object; or a
    function that returns a SAS.
    """

    url: str
    account: str
    credential: Any = field(repr=False)

    def __reduce__(self) -> Any:
        raise TypeError("a Target holds a credential and cannot be pickled")

    @classmethod
    def of(cls, account_url: str, *, credential: Any, allow_http: bool) -> Target:
        """Check and parse an account's URL, which can contain a SAS."""
        if not isinstance(account_url, str):
            raise ConfigError("store= must be the URL of an account, as text")
        try:
            parts = urlsplit(account_url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ConfigError("store= is not a valid URL; check its host and port") from None
        if parts.scheme not in ("https", "http") or not host:
            raise ConfigError("store= must look like https://ACCOUNT.blob.core.windows.net")
        if parts.username is not None or parts.password is not None:
            raise ConfigError("store= must not contain a user or password; use credential=")
        _check_host(host)
        loopback = _is_loopback(host)
        if parts.scheme == "http" and not loopback and not allow_http:
            raise ConfigError(
                f"store=: plain HTTP to {host} would send rows and signatures unencrypted; "
                "use https, or set allow_http=True"
            )
        if parts.query:
            if credential is not None:
                raise ConfigError(
                    "store= contains a SAS, and credential= is set too; remove one of them"
                )
            if "sig" not in parse_qs(parts.query):
                raise ConfigError(
                    "store=: the query of the URL is not a SAS: sig= is missing; remove "
                    "the query, or copy the whole SAS"
                )
            credential = parts.query
        path = parts.path.strip("/")
        if "/" in path:
            raise ConfigError("store= has more than an account in its path; remove the rest")
        # In the host, except if an emulator or a proxy has it as the first part of the path.
        account = path or host.split(".", 1)[0]
        address = f"[{host}]" if ":" in host else host
        address += f":{port}" if port else ""
        return cls(
            url=f"{parts.scheme}://{address}" + (f"/{path}" if path else ""),
            account=account,
            credential=_check_credential(credential, account, parts.scheme),
        )

    @classmethod
    def from_connection_string(
        cls, text: str, *, allow_http: bool, endpoint_suffix: str | None = None
    ) -> Target:
        """Parse a connection string as the Azure portal shows it; its own suffix takes
        precedence."""
        if not isinstance(text, str) or "=" not in text:
            raise ConfigError(
                "store= is not a connection string, which looks like "
                "'AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net'"
            )
        found: dict[str, str] = {}
        for item in filter(None, (item.strip() for item in text.split(";"))):
            name, equals, value = item.partition("=")
            if not equals:
                raise ConfigError(
                    "store=: a part of the connection string has no '='; copy it again"
                )
            found[name.strip().lower()] = value.strip()
        if found.get("usedevelopmentstorage", "").lower() == "true":
            return cls.emulator("127.0.0.1")
        account, key = found.get("accountname"), found.get("accountkey")
        sas = found.get("sharedaccesssignature")
        url = found.get("blobendpoint")
        if url is None:
            if not account:
                raise ConfigError(
                    "store=: the connection string has neither AccountName nor "
                    "BlobEndpoint; copy it again"
                )
            suffix = check_suffix(found.get("endpointsuffix", endpoint_suffix))
            url = f"{found.get('defaultendpointsprotocol', 'https')}://{account}.blob.{suffix}"
        if not key and not sas and "?" not in url:
            raise ConfigError(
                "store=: the connection string has neither AccountKey nor "
                "SharedAccessSignature; copy it again"
            )
        credential: Any = sas or None
        if key:
            credential = _named_key(account or Target._name_in(url), key, "store=: the AccountKey")
        return cls.of(url, credential=credential, allow_http=allow_http)

    @classmethod
    def emulator(cls, address: str) -> Target:
        """The emulator's account at host:port, or at a host with the emulator's default port."""
        if not isinstance(address, str) or not address:
            raise ConfigError(
                "store= must name the host of the emulator: azurite://127.0.0.1/container"
            )
        try:
            if urlsplit(f"//{address}").port is None:
                address = f"{address.removesuffix(':')}:{EMULATOR_PORT}"
        except ValueError:
            raise ConfigError(
                "store=: the port of the emulator is not a number from 0 to 65535"
            ) from None
        return cls.of(
            f"http://{address}/{EMULATOR_ACCOUNT}", credential=EMULATOR_KEY, allow_http=True
        )

    @staticmethod
    def _name_in(url: str) -> str:
        return (urlsplit(url).hostname or "").split(".", 1)[0]


def split_url(url: str, *, container: str | None) -> tuple[str, str]:
    """An account's URL, SAS included, and the container, from a URL that can name both."""
    if not isinstance(url, str) or "://" not in url:
        raise ConfigError("store= must look like https://ACCOUNT.blob.core.windows.net/CONTAINER")
    base, question, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    host, *path = rest.strip("/").split("/")
    # ACCOUNT.blob.… has the account in the host; an emulator has it first in the path.
    in_path = ".blob." not in host and (_is_address(host) or len(path) == 2)
    if ".blob." not in host and len(path) == 1 and container is not None:
        in_path = in_path or path[0] != container
    expected = 1 if in_path else 0
    account = [host, *path[:expected]]
    named = path[expected:]
    if len(named) > 1:
        raise ConfigError(
            "store= has more than a container in its path; the names of blobs come from layout="
        )
    if named and container is not None and named[0] != container:
        raise ConfigError(
            f"container={container!r} differs from the container in store=; remove one of them"
        )
    if not named and container is None:
        raise ConfigError("store= does not name a container; add it to the URL, or set container=")
    target = f"{scheme}://{'/'.join(account)}{question}{query}"
    return target, named[0] if named else str(container)


def account_url(account: str, *, endpoint_suffix: str | None = None) -> str:
    """The URL of an account by its short name, in the cloud with this suffix."""
    if not isinstance(account, str) or not _ACCOUNT.match(account):
        # It is not shown: it could be a misplaced user:password.
        raise ConfigError(
            "store=: azure:// needs the short name of an account: azure://account/container"
        )
    return f"https://{account}.blob.{check_suffix(endpoint_suffix)}"


def check_suffix(suffix: str | None) -> str:
    """A cloud's suffix, for example core.chinacloudapi.cn, checked; None: the public cloud's."""
    if suffix is None:
        return PUBLIC_CLOUD
    if not isinstance(suffix, str) or not _SUFFIX.match(suffix) or suffix.startswith("blob."):
        raise ConfigError(
            "endpoint_suffix= must look like core.windows.net, core.chinacloudapi.cn or "
            "core.usgovcloudapi.net"
        )
    return suffix


def check_container(name: object) -> str:
    """The container's name, checked."""
    if not isinstance(name, str) or not _CONTAINER.match(name):
        # It could be a misplaced key or SAS.
        shown = f"{name!r} " if isinstance(name, str) and _SHOWN.match(name) else " "
        raise ConfigError(
            f"container={shown}is not a valid container name: use 3 to 63 lower-case "
            "letters, digits and single hyphens"
        )
    return name


def is_sound(path: str) -> bool:
    """Whether a blob name means the same to the service, to proxies, and to us."""
    if not 0 < len(path) <= MAX_NAME or "\\" in path or not path.isprintable():
        return False
    return all(segment.strip(".") for segment in path.split("/")) and path[-1] != "."


def _check_host(host: str) -> None:
    """Refuse the account's other endpoints, which answer, or look right, but accept no append."""
    found = _OTHER_ENDPOINT.match(host)
    if found is None:
        return
    account, zone, private, kind, suffix = found.groups(default="")
    right = f"https://{account.removesuffix('-secondary')}{zone}.blob.{suffix}"
    if kind != "blob":
        problem = f"{host} is the {kind} endpoint of the account, which has no append blobs"
    elif private:
        problem = (
            f"there is no TLS certificate for {host}; the usual name leads to the private "
            "endpoint too"
        )
    elif account.endswith("-secondary"):
        problem = f"{host} is the read-only copy of the account in another region"
    else:
        return
    raise ConfigError(f"store=: {problem}; use {right}")


def _is_address(host: str) -> bool:
    """Whether a host, with or without port, is an IP address or this machine: that is, an
    emulator."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_credential(credential: Any, account: str, scheme: str) -> Any:
    if credential is None:
        if scheme != "https":
            raise ConfigError(f"credential= is missing, and appending needs one; use {_KINDS}")
        return Identity("default", asked=False)
    if isinstance(credential, str):
        return _check_text(credential, account, scheme)
    if is_token_credential(credential):
        if not hasattr(credential, "__aexit__"):
            raise ConfigError(
                "credential= is a synchronous credential; use the class of the same name from "
                "azure….aio"
            )
        if scheme != "https":
            raise ConfigError(_NEEDS_HTTPS)
        return credential
    if hasattr(credential, "named_key") or hasattr(credential, "signature"):
        return credential
    if is_callback(credential):
        return credential
    raise ConfigError(
        f"credential= has the unsupported type {type(credential).__name__}; use {_KINDS}"
    )


def _check_text(credential: str, account: str, scheme: str) -> Any:
    """A SAS, an account key, or the name of an identity."""
    text = credential.strip().lstrip("?").strip()
    if text.lower() in NAMES:
        if scheme != "https":
            raise ConfigError(_NEEDS_HTTPS)
        return Identity(text.lower())
    if "sig=" in text:
        return text
    # An account's key has 88 characters. A text that is not a key can still be a secret, so it is
    # not shown.
    if len(text) < _SHORTEST_KEY and not _is_base64(text):
        raise ConfigError(
            f"credential= is neither a key nor a SAS; to name an identity, use {', '.join(NAMES)}"
        )
    return _named_key(account, text, "credential=: the key")


def _named_key(account: str, key: str, what: str) -> Any:
    from azure.core.credentials import AzureNamedKeyCredential

    if not _is_base64(key) or not account:
        raise ConfigError(f"{what} is not valid base64; copy it again, without spaces")
    return AzureNamedKeyCredential(account, key)


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
