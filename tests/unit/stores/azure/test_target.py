"""URLs, connection strings and credentials of an Azure store: what they name, what is refused."""

from __future__ import annotations

import asyncio
import re
import traceback
from typing import Any

import pytest

from aiocollect._config.build import open_store
from aiocollect.errors import ConfigError
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.azure.target import EMULATOR_KEY, Target, check_container, split_url

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
SAS = "sv=2024-11-04&sp=rac&sig=U0VDUkVU%3D"
ACCOUNT = "https://acme.blob.core.windows.net"


class Token:
    """An async token credential, as azure.identity.aio has them."""

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError("a credential that was given is the caller's to close")


class BlockingToken:
    def get_token(self, *scopes: str) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("url", "container", "account_url", "named"),
    [
        (f"{ACCOUNT}/logs", None, ACCOUNT, "logs"),
        (f"{ACCOUNT}/logs/", "logs", ACCOUNT, "logs"),
        (ACCOUNT, "logs", ACCOUNT, "logs"),
        (f"{ACCOUNT}/logs?{SAS}", None, f"{ACCOUNT}?{SAS}", "logs"),
        ("http://127.0.0.1:10000/dev/logs", None, "http://127.0.0.1:10000/dev", "logs"),
        ("http://127.0.0.1:10000/dev", "logs", "http://127.0.0.1:10000/dev", "logs"),
        ("http://[::1]:10000/dev/logs", None, "http://[::1]:10000/dev", "logs"),
        ("http://azurite:10000/dev/logs", None, "http://azurite:10000/dev", "logs"),
        ("http://azurite:10000/dev", "logs", "http://azurite:10000/dev", "logs"),
        ("https://data.example.com/logs", None, "https://data.example.com", "logs"),
        ("https://data.example.com/logs", "logs", "https://data.example.com", "logs"),
    ],
)
def test_a_url_names_account_and_container(
    url: str, container: str | None, account_url: str, named: str
) -> None:
    """Hosts with the account in their name, emulators with it in the path, and domains of one's
    own are told apart."""
    assert split_url(url, container=container) == (account_url, named)


@pytest.mark.parametrize(
    ("url", "container", "remedy"),
    [
        (ACCOUNT, None, "does not name a container"),
        (f"{ACCOUNT}/logs", "other", "differs from the container"),
        (f"{ACCOUNT}/logs/blob.csv", None, "layout"),
        ("http://127.0.0.1:10000/dev", None, "does not name a container"),
        ("acme", "logs", "must look like"),
        (None, "logs", "must look like"),
    ],
)
def test_a_url_that_names_too_little_or_too_much(
    url: Any, container: str | None, remedy: str
) -> None:
    """The message says what is missing or contradictory."""
    with pytest.raises(ConfigError, match=remedy):
        split_url(url, container=container)


@pytest.mark.parametrize(
    ("text", "url", "account"),
    [
        (f"AccountName=acme;AccountKey={KEY}", ACCOUNT, "acme"),
        (
            f"AccountName=acme;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn",
            "https://acme.blob.core.chinacloudapi.cn",
            "acme",
        ),
        (
            f"AccountName=dev;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:9/dev;",
            "http://127.0.0.1:9/dev",
            "dev",
        ),
        (f"BlobEndpoint={ACCOUNT}/;SharedAccessSignature={SAS}", ACCOUNT, "acme"),
        (
            "UseDevelopmentStorage=true",
            "http://127.0.0.1:10000/devstoreaccount1",
            "devstoreaccount1",
        ),
    ],
)
def test_connection_strings(text: str, url: str, account: str) -> None:
    """Each form that the portal, the emulator and a SAS come in is understood."""
    target = Target.from_connection_string(text, allow_http=False)
    assert (target.url, target.account) == (url, account)
    credential = target.credential
    if "AccountKey" in text:
        assert credential.named_key == (account, KEY)
    elif "Signature" in text:
        assert credential == SAS
    else:
        assert credential.named_key == (account, EMULATOR_KEY)


@pytest.mark.parametrize(
    ("store", "options", "url"),
    [
        ("azure://acme/logs", {}, ACCOUNT),
        (
            "azure://acme/logs",
            {"endpoint_suffix": "core.chinacloudapi.cn"},
            "https://acme.blob.core.chinacloudapi.cn",
        ),
        # What is said outright stays as it is.
        (f"{ACCOUNT}/logs", {"endpoint_suffix": "core.usgovcloudapi.net"}, ACCOUNT),
    ],
)
def test_accounts_of_other_clouds(store: str, options: dict[str, Any], url: str) -> None:
    """The suffix completes an account's short name, and changes no URL; the same through Pipeline's
    door."""
    expected = f"<AzureStore {url}/logs, not used yet>"
    assert repr(AzureStore.from_url(store, credential=KEY, **options)) == expected
    assert repr(open_store(store, credential=KEY, **options)) == expected


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("", "core.usgovcloudapi.net"),
        (";EndpointSuffix=core.chinacloudapi.cn", "core.chinacloudapi.cn"),
    ],
)
def test_connection_strings_of_other_clouds(text: str, suffix: str) -> None:
    """The option completes a connection string that has no suffix of its own."""
    text = f"AccountName=acme;AccountKey={KEY}{text}"
    store = open_store(text, container="logs", endpoint_suffix="core.usgovcloudapi.net")
    assert repr(store) == f"<AzureStore https://acme.blob.{suffix}/logs, not used yet>"


@pytest.mark.parametrize(
    ("address", "port"), [("127.0.0.1", 10000), ("127.0.0.1:7", 7), ("[::1]", 10000), ("h:", 10000)]
)
def test_the_emulators_own_port(address: str, port: int) -> None:
    """An emulator's address without a port means the emulator's default."""
    host = address.removesuffix(":7").removesuffix(":")
    expected = f"<AzureStore http://{host}:{port}/devstoreaccount1/logs, not used yet>"
    assert repr(open_store(f"azurite://{address}/logs")) == expected
    assert repr(AzureStore.from_emulator(address, container="logs")) == expected


@pytest.mark.parametrize(
    ("store", "options", "remedy"),
    [
        ("azure://acme/logs", {"endpoint_suffix": "https://x"}, "endpoint_suffix= must look"),
        ("azure://acme/logs", {"endpoint_suffix": "blob.core.windows.net"}, "endpoint_suffix="),
        ("azure://acme/logs", {"endpoint_suffix": ""}, "endpoint_suffix="),
        ("azure://a@cme/logs", {}, "store=: azure:// needs"),
        ("azurite:///logs", {}, "write two slashes and a name"),
        ("azurite://h:x/logs", {}, "store=: the port of the emulator"),
        ("/data", {"endpoint_suffix": "core.windows.net"}, "endpoint_suffix= is for Azure"),
        ("/data", {"ca_file": "/ca.pem"}, "ca_file= is for Azure"),
        ("file:///data", {"proxy": "http://h:1"}, "proxy= is for Azure"),
        ("/data", {"create_container": True}, "create_container= is for Azure"),
        (f"AccountName=a;AccountKey={KEY}", {"container": "logs", "credential": KEY}, "remove one"),
    ],
)
def test_options_that_do_not_go_with_the_store(
    store: str, options: dict[str, Any], remedy: str
) -> None:
    """None is ignored: each is refused by its name."""
    with pytest.raises(ConfigError, match=remedy) as caught:
        open_store(store, **{"credential": None, **options})
    assert KEY not in str(caught.value)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "must look like"),
    ("ftp://acme/", {}, "must look like"),
    ("https://[::1", {}, "not a valid URL"),
    ("https://acme.blob.core.windows.net:x", {}, "not a valid URL"),
    ("https://user:SECRET@acme.blob.core.windows.net", {"credential": KEY}, "user or password"),
    ("http://acme.blob.core.windows.net", {"credential": KEY}, "https"),
    (f"{ACCOUNT}/a/b", {"credential": KEY}, "more than an account"),
    (f"{ACCOUNT}?{SAS}", {"credential": KEY}, "remove one"),
    (f"{ACCOUNT}?comp=SECRET", {}, "sig= is missing"),
    ("http://127.0.0.1:9/dev", {}, "credential"),
    (ACCOUNT, {"credential": "SECRET not base64"}, "neither a key nor a SAS"),
    (ACCOUNT, {"credential": "SECRETS that are too long for a name"}, "base64"),
    (ACCOUNT, {"credential": ""}, "neither a key nor a SAS"),
    (ACCOUNT, {"credential": "manged"}, "default, managed, workload, cli"),
    ("http://127.0.0.1:9/dev", {"credential": "managed"}, "can only be sent over https"),
    (
        "https://acme.dfs.core.windows.net",
        {"credential": KEY},
        "https://acme.blob.core.windows.net",
    ),
    ("https://acme.FILE.core.windows.net", {"credential": KEY}, "acme.blob.core.windows.net"),
    ("https://acme.queue.core.chinacloudapi.cn", {"credential": KEY}, "acme.blob.core.china"),
    ("https://acme.table.core.usgovcloudapi.net", {"credential": KEY}, "acme.blob.core.usgov"),
    (
        "https://acme.z6.web.core.windows.net",
        {"credential": KEY},
        "endpoint of the account, which has no append blobs",
    ),
    ("https://acme.z01.dfs.storage.azure.net", {"credential": KEY}, "acme.z01.blob.storage"),
    ("https://acme-secondary.blob.core.windows.net", {"credential": KEY}, "read-only copy"),
    ("https://acme.privatelink.blob.core.windows.net", {"credential": KEY}, "certificate"),
    (ACCOUNT, {"credential": BlockingToken()}, "aio"),
    (ACCOUNT, {"credential": 7}, "type int"),
    (ACCOUNT, {"credential": KEY, "sas_timeout": 0}, "sas_timeout=0"),
    (ACCOUNT, {"credential": KEY, "content_type": "a\nb"}, "content_type="),
    (ACCOUNT, {"credential": KEY, "content_type": ""}, "content_type="),
    (ACCOUNT, {"credential": KEY, "sas_max_age": -1}, "sas_max_age=-1"),
    ("http://127.0.0.1:9/dev", {"credential": Token()}, "can only be sent over https"),
    (ACCOUNT, {"credential": KEY, "container": "Upper"}, "container='Upper'"),
    (ACCOUNT, {"credential": KEY, "container": "a"}, "3 to 63"),
    (ACCOUNT, {"credential": KEY, "container": "AccountKey=SECRET"}, "3 to 63"),
    (ACCOUNT, {"credential": KEY, "container": "a--b"}, "single hyphens"),
    (ACCOUNT, {"credential": KEY, "read_timeout": 0}, "read_timeout=0"),
    (ACCOUNT, {"credential": KEY, "connection_timeout": "1"}, "connection_timeout"),
]


@pytest.mark.parametrize(("url", "options", "remedy"), BAD)
def test_bad_input_is_named_and_no_secret_is_told(
    url: str, options: dict[str, Any], remedy: str
) -> None:
    """Each bad option is refused at construction, by name; the trace shows nothing secret."""
    with pytest.raises(ConfigError, match=remedy) as caught:
        AzureStore(url, **{"container": "logs", **options})
    assert re.search(
        r"\b(store|container|credential|\w+_timeout|sas_max_age|content_type)\b", str(caught.value)
    )
    shown = str(caught.value) + repr(caught.value)
    for secret in ("SECRET", KEY, "U0VDUkVU"):
        assert secret not in shown
    assert caught.value.__cause__ is None
    assert "During handling" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "is not a connection string"),
        ("SECRET", "is not a connection string"),
        ("AccountName=acme;SECRET", "has no '='"),
        ("AccountName=acme", "neither AccountKey"),
        ("AccountKey=SECRET", "neither AccountName"),
        ("AccountName=acme;AccountKey=SECRET!", "base64"),
        (f"AccountName=a;AccountKey={KEY};DefaultEndpointsProtocol=http", "https"),
    ],
)
def test_bad_connection_strings(text: str, remedy: str) -> None:
    """A connection string that is none says which part is wrong, and shows none of it."""
    with pytest.raises(ConfigError, match=remedy) as caught:
        AzureStore.from_connection_string(text, container="logs")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("name", ["abc", "model-data", "a1-b2-c3", "x" * 63])
def test_container_names(name: str) -> None:
    """What the service takes for a container's name is taken."""
    assert check_container(name) == name


def test_the_forms_of_a_credential() -> None:
    """Key, SAS with or without question mark, a function for one, and async token are taken; none
    is shown."""
    for credential in (KEY, SAS, f"?{SAS}", lambda: SAS, Token()):
        store = AzureStore(ACCOUNT, container="logs", credential=credential)
        assert repr(store) == f"<AzureStore {ACCOUNT}/logs, not used yet>"
        assert "U0VDUkVU" not in repr(store._target)
        assert KEY not in repr(store._target)
        asyncio.run(store.aclose())
        assert repr(store) == f"<AzureStore {ACCOUNT}/logs, closed>"


def test_plain_http_must_be_asked_for() -> None:
    """To another machine plain HTTP is possible, by name."""
    url = "http://azurite:10000/dev"
    with pytest.raises(ConfigError, match="allow_http=True"):
        AzureStore(url, container="logs", credential=KEY)
    assert AzureStore(url, container="logs", credential=KEY, allow_http=True).container == "logs"
    assert AzureStore.from_emulator("azurite:10000", container="logs").container == "logs"
