"""AzureStore and who may do what, on the real emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from aiocollect.errors import OffsetMismatch, Refusal, StoreError
from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator

from .conftest import Keep, refusal

pytestmark = [pytest.mark.azurite]

PATH = "a/b/data.csv"
CSV = "text/csv"


def sas(azurite: Emulator, container: str, *, hours: float = 1.0, **rights: bool) -> str:
    """A SAS of a container with these rights."""
    return generate_container_sas(
        azurite.account,
        container,
        account_key=azurite.key,
        permission=ContainerSasPermissions(**rights),
        expiry=datetime.now(UTC) + timedelta(hours=hours),
    )


@pytest.mark.asyncio
async def test_wrong_key_and_expired_sas(
    azurite: Emulator, plain: ContainerClient, container: str, keep: Keep
) -> None:
    """A credential that does not work is the credential's matter, for every method."""
    wrong = keep(AzureStore.from_url(azurite.url, container=container, credential="d3Jvbmc="))
    expired = keep(
        AzureStore.from_url(
            f"{azurite.url}/{container}?{sas(azurite, container, hours=-1, add=True, read=True)}"
        )
    )
    for store in (wrong, expired):
        for request in (
            store.open(PATH, head=1),
            store.create(PATH, content_type=CSV),
            store.append(PATH, b"x", offset=0),
            store.read(PATH, offset=0, length=1),
        ):
            assert await refusal(request) is Refusal.CREDENTIAL


@pytest.mark.asyncio
async def test_add_and_create_without_read(
    azurite: Emulator, plain: ContainerClient, container: str, keep: Keep
) -> None:
    """Add and create are enough to write; looking is no right, and so is creating a second time."""
    token = sas(azurite, container, add=True, create=True)
    store = keep(AzureStore.from_url(f"{azurite.url}/{container}?{token}"))
    assert await store.create(PATH, content_type=CSV)
    assert (await store.append(PATH, b"row\n", offset=0)).length == 4
    with pytest.raises(OffsetMismatch):
        await store.append(PATH, b"row\n", offset=0)
    assert await refusal(store.open(PATH, head=1)) is Refusal.NO_RIGHT
    assert await refusal(store.read(PATH, offset=0, length=1)) is Refusal.NO_RIGHT
    assert await refusal(store.create(PATH, content_type=CSV)) is Refusal.NO_RIGHT
    assert plain.download_blob(PATH).readall() == b"row\n"


@pytest.mark.asyncio
async def test_a_sas_that_may_not_make_the_container(
    azurite: Emulator, container: str, keep: Keep
) -> None:
    """A container that is missing and may not be made is missing, not a right to read."""
    token = sas(azurite, container, add=True, create=True, read=True)
    store = keep(AzureStore.from_url(azurite.url, container=container, credential=token))
    for request in (
        store.open(PATH, head=1),
        store.create(PATH, content_type=CSV),
        store.append(PATH, b"x", offset=0),
        store.read(PATH, offset=0, length=1),
    ):
        assert await refusal(request) is Refusal.CONTAINER_MISSING


@pytest.mark.asyncio
async def test_no_secret_leaves_the_store(azurite: Emulator, container: str, keep: Keep) -> None:
    """Neither a repr nor an error, nor what hangs on it, holds a signature or a key."""
    token = sas(azurite, container, hours=-1, read=True)
    signature = token.partition("sig=")[2].partition("&")[0]
    store = keep(AzureStore.from_url(f"{azurite.url}/{container}?{token}"))
    with pytest.raises(StoreError) as caught:
        await store.open(PATH, head=1)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    for text in (repr(store), repr(error), str(error), repr(store._target)):
        assert signature not in text
        assert azurite.key not in text
