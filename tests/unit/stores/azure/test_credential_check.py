"""Who may do what, and over what: a SAS that allows too much, ends, or works over plain HTTP is
told at the start; plain HTTP goes to this machine alone, unless it is asked for by name."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import quote

import pytest
from azure.core.credentials import AzureSasCredential

from aiocollect import ConfigError, Pipeline
from aiocollect._config.build import open_store
from aiocollect.events import CredentialWarning, Event
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.azure.sas_check import inspect_sas

ACCOUNT = "https://acme.blob.core.windows.net"
KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
SIGNATURE = "U0VDUkVULVNFQ1JFVA%3D%3D"
NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
GOOD = {"sp": "rac", "se": "2027-01-17T08:00:00Z", "spr": "https", "sr": "c"}


def sas(**fields: str | None) -> str:
    found = {"sv": "2024-11-04", **GOOD, **fields}
    query = "&".join(f"{name}={quote(text)}" for name, text in found.items() if text is not None)
    return f"{query}&sig={SIGNATURE}"


def aspects(text: str, **options: Any) -> list[str]:
    found = list(inspect_sas(text, **{"now": NOW, "https": True, **options}))
    for finding in found:
        assert "SECRET" not in repr(finding)
        assert "U0VDUkVU" not in repr(finding)
    return [finding.aspect for finding in found]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, []),
        ({"sp": "ac"}, []),
        *(({"sp": f"rac{letter}"}, ["rights"]) for letter in "wdxyltfmeopiu"),
        ({"sp": "racwdxyltmeop"}, ["rights"]),
        ({"sp": "r"}, ["missing"]),
        ({"sp": "rl"}, ["rights", "missing"]),
        ({"sp": None, "si": "policy", "se": None}, []),
        ({"se": "2027-01-16T07:59:59Z"}, ["expiry"]),
        ({"se": "2027-01-16T08:00:00Z"}, []),
        ({"se": "2027-01-15T08:00:00Z"}, ["expiry"]),
        ({"se": "2020-01-01"}, ["expiry"]),
        ({"se": None}, []),
        ({"se": "nonsense"}, []),
        ({"st": "2027-01-15T08:00:01Z"}, ["start"]),
        ({"st": "2027-01-15T08:00:00Z"}, []),
        ({"spr": "https,http"}, ["protocol"]),
        ({"spr": None}, ["protocol"]),  # the service's default is both
        ({"sr": "b"}, ["scope"]),
        ({"sr": None, "ss": "b", "srt": "co"}, []),
        ({"sr": None, "ss": "bfqt", "srt": "sco"}, ["scope"]),
        (
            {"sp": "racwdl", "se": "2027-01-15T09:00:00Z", "spr": None, "sr": "b"},
            ["rights", "scope", "expiry", "protocol"],
        ),
    ],
)
def test_what_is_found(fields: dict[str, str | None], wanted: list[str]) -> None:
    """One finding an aspect, for what is more than needed, too short, too early or too open."""
    assert aspects(sas(**fields)) == wanted
    assert aspects("?" + sas(**fields)) == wanted


def test_what_is_no_finding() -> None:
    """Where we speak plain HTTP ourselves the SAS need not forbid it; one that is renewed may be
    short, and ended is ended."""
    assert aspects(sas(spr=None), https=False) == []
    assert aspects(sas(se="2027-01-15T09:00:00Z"), renewed=True) == []
    assert aspects(sas(se="2027-01-15T07:00:00Z"), renewed=True) == ["expiry"]


@pytest.mark.parametrize(
    "text", ["", "sig=x", "sp=%ff&se=%00&sig=x", "se=9999-12-31&sig=x&spr=https"]
)
def test_odd_texts(text: str) -> None:
    """Nothing that somebody may give for a SAS raises."""
    aspects(text)


FORMS: dict[str, Any] = {
    "in the URL": lambda text: open_store(f"{ACCOUNT}/logs?{text}"),
    "as text": lambda text: open_store(f"{ACCOUNT}/logs", credential=text),
    "as an object": lambda text: open_store(f"{ACCOUNT}/logs", credential=AzureSasCredential(text)),
    "in a connection string": lambda text: open_store(
        f"BlobEndpoint={ACCOUNT};SharedAccessSignature={text}", container="logs"
    ),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_told_at_the_start(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Hook and log are told once, when the pipeline starts, however the SAS was given; no request
    is made for it, and its signature is nowhere."""
    events: list[Event] = []

    async def main() -> None:
        pipeline = Pipeline(make(sas(sp="racwd", se="2999-01-01")), hooks=(events.append,))
        assert events == []
        async with pipeline:
            await pipeline.start()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    (event,) = (event for event in events if isinstance(event, CredentialWarning))
    assert event.aspect == "rights"
    assert "w: write" in event.reason
    assert "d: delete" in event.reason
    lines = [record.getMessage() for record in caplog.records if record.name == "aiocollect"]
    assert lines.count(f"the store's SAS: {event.reason}") == 1
    assert SIGNATURE not in caplog.text + repr(event)


def test_a_sas_that_is_asked_for_is_looked_at_when_it_comes() -> None:
    """Once, at the first one; that it is short is no matter, since another follows."""
    found: list[CredentialWarning] = []
    given = [sas(sp="racwd", se="2020-01-01"), sas(sp="racwd", se="2020-01-01")]
    store = AzureStore(ACCOUNT, container="logs", credential=lambda: given.pop())
    store.inspect(found.append)

    async def main() -> None:
        assert store._renewal is not None
        assert found == []
        await store._renewal.fresh()
        assert [finding.aspect for finding in found] == ["rights", "expiry"]
        await store.aclose()

    asyncio.run(main())


def test_a_key_has_nothing_to_be_found() -> None:
    """Keys and tokens say nothing of themselves."""
    found: list[CredentialWarning] = []
    AzureStore(ACCOUNT, container="logs", credential=KEY).inspect(found.append)
    assert found == []


# Plain HTTP ---------------------------------------------------------------------------------------

AWAY = [
    "http://acme.blob.core.windows.net",
    "http://10.0.0.1/acme",
    "http://0.0.0.0/acme",
    "http://[::]/acme",
    "http://[::ffff:10.0.0.1]/acme",
    "http://127.0.0.1.example.com/acme",
    "http://localhost.example.com/acme",
    "http://example.com#127.0.0.1",
    "http://2130706433/acme",
    "http://127.1/acme",
    "HTTP://example.com/acme",
]


@pytest.mark.parametrize("url", AWAY)
def test_plain_http_to_another_machine(url: str) -> None:
    """Refused when the store is made, by the name of the remedy, in every form of address."""
    with pytest.raises(ConfigError, match="use https, or set allow_http=True"):
        open_store(url, container="logs", credential=KEY)
    for text in (
        f"AccountName=acme;AccountKey={KEY};BlobEndpoint={url}",
        f"BlobEndpoint={url};SharedAccessSignature={sas()}",
    ):
        with pytest.raises(ConfigError, match="use https, or set allow_http=True") as caught:
            open_store(text, container="logs")
        assert KEY not in str(caught.value)
        assert SIGNATURE not in str(caught.value)


def test_plain_http_by_protocol() -> None:
    """DefaultEndpointsProtocol=http is plain HTTP too."""
    with pytest.raises(ConfigError, match="use https"):
        open_store(
            f"DefaultEndpointsProtocol=http;AccountName=acme;AccountKey={KEY}", container="logs"
        )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:10000", "[::1]:10000", "localhost:1"])
def test_plain_http_on_this_machine(host: str) -> None:
    """Nobody listens between us and ourselves."""
    assert open_store(f"http://{host}/acme", container="logs", credential=KEY)
    text = f"AccountName=acme;AccountKey={KEY};BlobEndpoint=http://{host}/acme"
    assert open_store(text, container="logs")
