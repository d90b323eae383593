"""The account that the contract suite runs against, as the environment names it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from aiocollect.stores.azure import AzureOptions, AzureStore

__all__ = ["STORE", "Account"]

STORE = "AIOCOLLECT_CONTRACT_STORE"
CONTAINER = "AIOCOLLECT_CONTRACT_CONTAINER"
CA_FILE = "AIOCOLLECT_CONTRACT_CA_FILE"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A connection string with a key or a SAS, or a container's URL with a SAS."""

    text: str = field(repr=False)
    container: str
    ca_file: str | None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Account | None:
        """None where the environment names no account."""
        text, container = environ.get(STORE), environ.get(CONTAINER)
        if not text or not container:
            return None
        return cls(text=text, container=container, ca_file=environ.get(CA_FILE))

    @property
    def parts(self) -> dict[str, str]:
        """The parts of a connection string, by lower-case name; none for a URL."""
        if "://" in self.text.split(";", 1)[0].split("=", 1)[0]:
            return {}
        pairs = (part.partition("=") for part in self.text.split(";") if part.strip())
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def is_emulator(self) -> bool:
        """Whether it is Azurite, by its account's name, which no real account may have."""
        return "devstoreaccount1" in self.text or "usedevelopmentstorage" in self.parts

    @property
    def is_https(self) -> bool:
        return urlsplit(self.plain().url).scheme == "https"

    @property
    def has_key(self) -> bool:
        """Whether it can sign a SAS."""
        return "accountkey" in self.parts

    def store(self, **options: Any) -> AzureStore:
        """A store on the account, as a user makes it."""
        given: AzureOptions = {"ca_file": self.ca_file, **options}  # type: ignore[typeddict-item]
        if self.parts:
            return AzureStore.from_connection_string(self.text, container=self.container, **given)
        return AzureStore.from_url(self.text, container=self.container, **given)

    def store_with(self, *, hours: float = 1.0, **rights: bool) -> AzureStore:
        """A store with a SAS of these rights alone."""
        plain = self.plain()
        token = generate_container_sas(
            str(plain.account_name),
            self.container,
            account_key=self.parts["accountkey"],
            permission=ContainerSasPermissions(**rights),
            expiry=datetime.now(UTC) + timedelta(hours=hours),
        )
        return AzureStore.from_url(
            plain.url.partition("?")[0],
            container=self.container,
            credential=token,
            ca_file=self.ca_file,
        )

    def plain(self) -> ContainerClient:
        """The plain SDK's client: the oracle, and everybody else."""
        options: dict[str, Any] = {"connection_verify": self.ca_file} if self.ca_file else {}
        if self.parts:
            return ContainerClient.from_connection_string(self.text, self.container, **options)
        return ContainerClient.from_container_url(self.text, **options)
