"""doctor on the real emulator: every kind of credential, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from aiocollect.doctor import Diagnosis, examine
from aiocollect.stores.azure import AzureStore
from testkit.certificates import Certificates
from testkit.emulator import Emulator

from .test_tokens import Tokens

pytestmark = [pytest.mark.azurite]

BLOB = "default/default/default/default/_aiocollect/doctor.csv"


async def of(store: str, **variables: str) -> Diagnosis:
    """What doctor says of this store."""
    return await examine(environ={"AIOCOLLECT_STORE": store, **variables}, limit=20.0)


def state(diagnosis: Diagnosis, check: str) -> list[str]:
    """The states of a check, in order."""
    return [one.state for one in diagnosis.results if one.check == check]


def text(diagnosis: Diagnosis, check: str) -> str:
    """Its first line."""
    return next(one.text for one in diagnosis.results if one.check == check)


def sas(azurite: Emulator, container: str, *, days: float = 30.0, **rights: bool) -> str:
    """The container's URL with a SAS of these rights."""
    query = generate_container_sas(
        azurite.account,
        container,
        account_key=azurite.key,
        permission=ContainerSasPermissions(**rights),
        expiry=datetime.now(UTC) + timedelta(days=days),
    )
    return f"{azurite.url}/{container}?{query}"


@pytest.mark.asyncio
async def test_the_key(azurite: Emulator, plain: ContainerClient, container: str) -> None:
    """All is well, and nothing is left behind."""
    diagnosis = await of(f"azurite://{azurite.address}/{container}")
    assert diagnosis.exit_code == 0
    assert text(diagnosis, "rights") == "create yes, append yes, read yes, list yes, delete yes"
    for check in ("service", "clock", "container", "account", "write", "condition", "read back"):
        assert state(diagnosis, check) == ["ok"], check
    assert list(plain.list_blob_names()) == []


@pytest.mark.asyncio
async def test_a_container_that_does_not_exist(azurite: Emulator, container: str) -> None:
    """It is not created; for a SAS, which may not make one, that is a failure."""
    diagnosis = await of(f"azurite://{azurite.address}/{container}")
    assert state(diagnosis, "container") == ["warn"]
    assert state(diagnosis, "write") == ["skip"]
    with ContainerClient.from_connection_string(azurite.connection_string, container) as plain:
        assert not plain.exists()
    diagnosis = await of(sas(azurite, container, add=True, create=True, read=True))
    assert state(diagnosis, "container") == ["fail"]
    assert diagnosis.exit_code == 1


FULL = {"add": True, "create": True, "read": True, "list": True, "delete": True}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rights", "code", "said"),
    [
        (FULL, 0, "create yes, append yes, read yes, list yes, delete yes"),
        ({"add": True, "create": True, "read": True}, 0,
         "create yes, append yes, read yes, list no, delete no"),
        ({"add": True, "create": True}, 0, "create yes, append yes, read no, list no, delete no"),
        ({"write": True, "read": True}, 0, "create yes, append yes, read yes, list no, delete no"),
        ({"read": True}, 4, "create no, append no, read yes, list no"),
        ({"add": True, "read": True}, 4, "create no, append yes, read yes"),
    ],
    ids=lambda value: "".join(name[0] for name in value) if isinstance(value, dict) else None,
)  # fmt: skip
async def test_the_rights_of_a_sas(
    azurite: Emulator,
    plain: ContainerClient,
    container: str,
    rights: dict[str, Any],
    code: int,
    said: str,
) -> None:
    """Each right that it has is found, and those that it lacks; also at the second run, which
    finds the blob of the first where that could not be deleted."""
    address = sas(azurite, container, **rights)
    for run in (1, 2):
        diagnosis = await of(address)
        assert diagnosis.exit_code == code, (run, diagnosis.lines())
        assert said in text(diagnosis, "rights"), run
    left = list(plain.list_blob_names())
    assert left == ([] if rights.get("delete") or code else [BLOB])
    if left:
        assert "could not be deleted" in text(diagnosis, "clean-up")


@pytest.mark.asyncio
async def test_credentials_that_do_not_work(
    azurite: Emulator, plain: ContainerClient, container: str
) -> None:
    """Wrong and expired ones fail, by the exit code of a credential; no secret is said."""
    key = "d3JvbmdfX3dyb25nX193cm9uZ19fd3JvbmdfX3dyb25nX18="
    wrong = await of(f"{azurite.url}/{container}", AIOCOLLECT_CREDENTIAL=key)
    address = sas(azurite, container, days=-1, add=True, create=True, read=True)
    expired = await of(address)
    for diagnosis in (wrong, expired):
        assert diagnosis.exit_code == 4
        assert state(diagnosis, "rights") == ["fail"]
    assert "it expired at" in text(expired, "credential")
    signature = address.partition("sig=")[2].partition("&")[0]
    said = f"{wrong.as_json()}{expired.as_json()}{wrong.lines()}{expired.lines()}"
    assert key not in said
    assert signature not in said


@pytest.mark.asyncio
async def test_no_credential(azurite: Emulator, container: str) -> None:
    """A wrong option, and nothing is asked."""
    diagnosis = await of(f"{azurite.url}/{container}")
    assert diagnosis.exit_code == 78
    assert state(diagnosis, "options")[0] == "fail"
    assert "credential= is missing" in text(diagnosis, "options")


@pytest.mark.asyncio
async def test_without_writing(azurite: Emulator, plain: ContainerClient, container: str) -> None:
    """What changes nothing is tried."""
    store = f"azurite://{azurite.address}/{container}"
    diagnosis = await examine(store, environ={}, write=False, limit=20.0)
    assert text(diagnosis, "rights") == "create ?, append ?, read yes, list yes, delete ?"
    assert state(diagnosis, "write") == ["skip"]
    assert diagnosis.exit_code == 0
    diagnosis = await examine(store, environ={}, offline=True)
    assert state(diagnosis, "network") == ["skip"]


@pytest.mark.asyncio
async def test_a_token(secure: Emulator, certificates: Certificates, container: str) -> None:
    """Over https, by a credential of the program; one that has ended is told as such."""
    with ContainerClient.from_connection_string(
        secure.connection_string, container, connection_verify=str(certificates.ca_file)
    ) as plain:
        plain.create_container()
    for life, code in ((600.0, 0), (-600.0, 4)):
        tokens = Tokens(life=life, says=600.0)
        diagnosis = await examine(
            f"{secure.url}/{container}",
            environ={},
            credential=tokens,
            store_options={"ca_file": certificates.ca_file},
            limit=20.0,
        )
        assert diagnosis.exit_code == code, diagnosis.lines()
        assert text(diagnosis, "credential") == "a token credential of the program"
        assert not any(token in str(diagnosis.as_json()) for token in tokens.issued)


@pytest.mark.asyncio
async def test_a_store_of_the_program(
    azurite: Emulator, plain: ContainerClient, container: str
) -> None:
    """It is looked at as it is, and stays open."""
    store = AzureStore.from_emulator(azurite.address, container=container)
    diagnosis = await examine(store, environ={}, limit=20.0)
    assert diagnosis.exit_code == 0, diagnosis.lines()
    assert state(diagnosis, "write") == ["ok"]
    assert "not used yet" not in repr(store)
    assert "closed" not in repr(store)
    await store.aclose()
