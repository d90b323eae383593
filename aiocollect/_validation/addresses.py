"""Addresses: what a text given for a store or a file names. Pure.

The address of a store has one of a few forms. Anything else is refused with a remedy, and never
mistaken for the name of a directory: a variable that was not replaced, quotes that an env file
kept, half of a connection string.

Invariant: a message shows a value only if it cannot be, or contain, a secret.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from ..errors import ConfigError
from .mistakes import mistake_in

__all__ = ["FORMS", "Address", "Kind", "check_path", "read_address", "read_directory"]

Kind: TypeAlias = Literal["azure", "http", "azurite", "connection string", "directory"]

FORMS: Final = (
    "azure://account/container, https://account.blob.core.windows.net/container?sas, a "
    "whole Azure connection string with container=, azurite://host:port/container, "
    "file:///directory, or a path that begins with /, ./ or ../"
)
# learn.microsoft.com/azure/storage/common/storage-configure-connection-string
_PARTS: Final = frozenset(
    {
        *("defaultendpointsprotocol", "accountname", "accountkey", "sharedaccesssignature"),
        *("blobendpoint", "blobsecondaryendpoint", "queueendpoint", "queuesecondaryendpoint"),
        *("tableendpoint", "tablesecondaryendpoint", "fileendpoint", "filesecondaryendpoint"),
        *("endpointsuffix", "usedevelopmentstorage", "developmentstorageproxyuri"),
    }
)
_OTHER_SERVICES: Final = frozenset(
    {
        *("endpoint", "sharedaccesskeyname", "sharedaccesskey", "entitypath", "hostname"),
        *("instrumentationkey", "ingestionendpoint", "server", "data source", "accountendpoint"),
    }
)
_SCHEMES: Final = ("azure", "http", "https", "azurite", "file")
_AZURE_BY_OTHERS: Final = (
    "other tools for Azure storage use this scheme; write azure://ACCOUNT/CONTAINER with "
    "the short name of the account"
)
_FOREIGN: Final = {
    **dict.fromkeys(("abfs", "abfss", "wasb", "wasbs", "adl", "az", "azblob"), _AZURE_BY_OTHERS),
    "azureml": "name the account and container of the datastore: azure://ACCOUNT/CONTAINER",
    "dbfs": "name the account and container that is mounted: azure://ACCOUNT/CONTAINER",
    **dict.fromkeys(
        ("s3", "s3a", "s3n", "gs", "gcs"), "aiocollect writes to Azure or to a directory only"
    ),
    **dict.fromkeys(
        ("hdfs", "ftp", "ftps", "sftp"), "aiocollect writes to Azure or to a directory only"
    ),
    "secretref": "the platform did not replace this reference with the secret",
}

_head_of_url: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE).match
_has_secret: Final = re.compile(
    r"(account_?key|shared_?access\w*|\bsig|secret|passw(or)?d|pwd|token)\s*=", re.IGNORECASE
).search
# The key of a storage account has 64 bytes; those of other services have 32.
_is_key: Final = re.compile(r"[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=").fullmatch
_is_sas: Final = re.compile(r"\??\w+=[^&;]*(&\w+=[^&;]*)*").fullmatch
# A few lower-case letters: not a key, and hardly a password.
_is_harmless: Final = re.compile(r"[a-z][a-z._/-]{0,31}").fullmatch
# From users who mistake a path option for a switch.
_FLAGS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "0", "1"})
_ACCOUNT_HOST: Final = re.compile(r"\.(blob|dfs|file|queue|table|web)\.", re.IGNORECASE)


class Address(NamedTuple):
    """``text`` is the path of a directory, or else the address as it was given."""

    kind: Kind
    text: str


def read_address(text: str, *, option: str = "store") -> Address:
    """The kind of a store's address. Raises ConfigError, which names ``option`` and the remedy."""
    if not text:
        raise ConfigError(f"{option} is empty; use one of: {FORMS}")
    mistake = mistake_in(text)
    if mistake is not None:
        raise ConfigError(f"{option} {mistake}; use one of: {FORMS}")
    if _is_key(text):
        raise ConfigError(
            f"{option} looks like an account key; name the account, "
            "azure://account/container, and pass the key as credential="
        )
    if text.startswith(("/", "./", "../")):
        return Address("directory", _directory(text, option))
    begin = text.partition("=")[0]
    if "=" in text and not re.search("[/:]", begin):
        return _connection_string(text, option)
    found = _head_of_url(text)
    if found is not None:
        return _url(text, found[1].lower(), option)
    raise ConfigError(f"{option}{_shown(text)} {_relative(text)}; use one of: {FORMS}")


def read_directory(path: str, *, option: str = "store") -> str:
    """The path of a PathLike, which can be relative. Raises ConfigError."""
    if not path:
        raise ConfigError(f"{option} is empty; use one of: {FORMS}")
    mistake = mistake_in(path)
    if mistake is not None:
        raise ConfigError(f"{option} {mistake}")
    found = _head_of_url(path)
    if found is not None and len(found[1]) == 1:
        raise ConfigError(f"{option} {_windows()}")
    if found is not None and path[found.end() :].startswith("/"):
        raise ConfigError(f"{option} is a URL that was turned into a path; pass the URL as text")
    if "=" in path and path.partition("=")[0].strip().lower() in _PARTS:
        raise ConfigError(
            f"{option} is a connection string that was turned into a path; pass it as text"
        )
    return _directory(path, option)


def check_path(path: str, *, option: str) -> str:
    """The path of a file or directory, unless it is a mistake. Raises ConfigError."""
    if not isinstance(path, str):
        raise ConfigError(f"{option} must be a path, not {type(path).__name__}")
    if not path:
        raise ConfigError(f"{option} is empty; set it to a path, or leave it out")
    mistake = mistake_in(path)
    if mistake is not None:
        raise ConfigError(f"{option} {mistake}; it must be a path")
    if path.lower() in _FLAGS:
        raise ConfigError(
            f"{option}={path!r} is not a path, and this option is not a switch; set it to a "
            "path, or leave it out"
        )
    if "://" in path or _has_secret(path) or _is_key(path):
        raise ConfigError(
            f"{option} is not a path; it must name a file or directory on this machine"
        )
    return path


def _directory(path: str, option: str) -> str:
    if _has_secret(path) or _is_key(path):
        raise ConfigError(f"{option} looks like a secret, not like a path; use one of: {FORMS}")
    if path.startswith("//"):
        raise ConfigError(f"{option} begins with two slashes; write one slash for a path, or a URL")
    # Only the first segment: a directory further down can have such a name.
    if _ACCOUNT_HOST.search(path.lstrip("./").partition("/")[0]):
        raise ConfigError(f"{option} looks like the host of an account; begin it with https://")
    if posixpath.normpath(path) == "/":
        raise ConfigError(f"{option} is the root directory; use a directory below it")
    return path


def _connection_string(text: str, option: str) -> Address:
    if "&" in text and _is_sas(text):
        raise ConfigError(
            f"{option} is a SAS without a URL; append it to the URL of its container: "
            "https://account.blob.core.windows.net/container?sas"
        )
    parts = {}
    whole = True
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        parts[name.strip().lower()] = value.strip()
        whole = whole and bool(equals)
    if any("aiocollect_" in name or name.startswith("export ") for name in parts):
        raise ConfigError(
            f"{option} contains the name of a variable too; use only the text after the ="
        )
    if parts.keys() & _OTHER_SERVICES:
        raise ConfigError(
            f"{option} is a connection string of another service; use that of the storage "
            "account (in the portal: Access keys)"
        )
    if not parts.keys() <= _PARTS and parts.keys() & _PARTS and whole:
        raise ConfigError(
            f"{option}: the connection string has an unknown part; copy it again, or "
            "correct the name: AccountName, AccountKey, EndpointSuffix, BlobEndpoint, …"
        )
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return Address("connection string", text)
    endpoint = parts.get("blobendpoint", "")
    named = parts.get("accountname") or endpoint
    proven = parts.get("accountkey") or parts.get("sharedaccesssignature") or "sig=" in endpoint
    if not (whole and named and proven):
        raise ConfigError(
            (
                f"{option} is an incomplete connection string: it needs AccountName and "
                "AccountKey, or BlobEndpoint and SharedAccessSignature. A shell cuts it at the "
                "first ; unless it is in single quotes. Use one of: "
            )
            + FORMS
        )
    return Address("connection string", text)


def _url(text: str, scheme: str, option: str) -> Address:
    rest = text[len(scheme) + 1 :]
    if len(scheme) == 1:
        raise ConfigError(f"{option} {_windows()}")
    if scheme in _FOREIGN:
        raise ConfigError(
            f"{option}: unsupported scheme {scheme}://: {_FOREIGN[scheme]}; use one of: {FORMS}"
        )
    if scheme not in _SCHEMES:
        if _ACCOUNT_HOST.search(text):
            raise ConfigError(f"{option} looks like the host of an account; begin it with https://")
        # Only the scheme, and only if it is one: the rest can be a secret.
        shown = f" {scheme}://" if rest.startswith("//") and len(scheme) <= 16 else ""
        raise ConfigError(f"{option}: unknown scheme{shown}; use one of: {FORMS}")
    if scheme == "file":
        rest = rest.replace("//localhost/", "///", 1)
    if not rest.startswith("//") or rest.startswith("///") is not (scheme == "file"):
        if scheme == "file":
            raise ConfigError(
                f"{option}: the URL of a directory has three slashes and no host: file:///directory"
            )
        raise ConfigError(f"{option}: write two slashes and a name after {scheme}:")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ConfigError(f"{option} is not a valid URL; check its host and port") from None
    if scheme in ("http", "https"):
        return Address("http", text)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        if scheme == "file":
            raise ConfigError(
                f"{option}: the URL of a directory cannot contain ? or #; write %3F or %23"
            )
        raise ConfigError(
            f"{option}: {scheme}:// does not accept a query; for a SAS use "
            "https://account.blob.core.windows.net/container?sas"
        )
    if scheme == "azurite":
        return Address("azurite", text)
    if scheme == "azure":
        return Address("azure", text)
    try:
        path = unquote(parts.path, errors="strict")
    except ValueError:
        raise ConfigError(
            f"{option}: the % escapes in this file:// URL are not valid UTF-8"
        ) from None
    mistake = mistake_in(path.removeprefix("/")) or mistake_in(path)
    if mistake is not None and path != "/":
        raise ConfigError(f"{option} {mistake}; use one of: {FORMS}")
    if re.match("/[A-Za-z][:|]", path):
        raise ConfigError(f"{option} {_windows()}")
    return Address("directory", _directory(path, option))


def _relative(text: str) -> str:
    if "\\" in text:
        return _windows()
    if _ACCOUNT_HOST.search(text):
        return "looks like the host of an account; begin it with https://"
    if _has_secret(text):
        return "is not an address, and looks like a secret"
    return (
        "is neither a URL nor a path that begins with /, ./ or ../ (for a directory in the "
        "working directory, begin it with ./; for an account, with azure://)"
    )


def _windows() -> str:
    return (
        "is a Windows path; the directory store needs a POSIX system and a path with /; on "
        "Windows use azure://account/container"
    )


def _shown(text: str) -> str:
    """The value, if it is short and simple."""
    return f"={text!r}" if _is_harmless(text) and not _has_secret(text) else ""
