"""Identities by name: what azure-identity finds in the machine, its environment, or a sign-in.

Invariants:

- Nothing is requested before the first request of a store, and each event loop of each process has
  its own credential, with the session that uses it; it is closed with that session.
- Tokens take the same way as rows: the same certificates are trusted, the same proxy is used. The
  endpoint of a managed identity speaks plain HTTP on this machine, without a proxy.
- A problem of the environment is reported at construction, by the names of its variables.

Source: learn.microsoft.com/python/api/azure-identity and its TROUBLESHOOTING.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, get_args

from ...errors import ConfigError
from ...typing import IdentityName

__all__ = ["NAMES", "Identity"]

# The chain of all; the identity of the machine or service; that of a Kubernetes service account;
# that of the user signed in with the command line.
NAMES: Final[tuple[str, ...]] = get_args(IdentityName)
EXTRA: Final = "pip install 'aiocollect[identity]'"


class Identity:
    """An identity by its name. Raises ConfigError for an unknown name, without the extra
    ``identity``, or if the environment lacks what it needs."""

    def __init__(self, name: str, *, asked: bool = True) -> None:
        if name not in NAMES:
            raise ConfigError(f"credential= must be one of {', '.join(NAMES)} to name an identity")
        self.name = name
        try:
            import azure.identity.aio  # noqa: F401 - half a second: not at the first row
        except ImportError:
            if asked:
                raise ConfigError(
                    f"credential={name!r} needs azure-identity; run: {EXTRA}"
                ) from None
            raise ConfigError(
                "credential= is missing, and appending needs one; use an account key or a "
                f"SAS, or use the identity of the environment: {EXTRA}"
            ) from None
        try:
            self.make()
        except ValueError as error:
            raise ConfigError(f"credential={name!r}: {_mistake_in(name, error)}") from None

    def __repr__(self) -> str:
        return f"<Identity {self.name}>"

    def make(self, **options: Any) -> Any:
        """A credential of azure.identity.aio, which opens nothing before it is used. ``options`` go
        to its transport."""
        from azure.identity import aio

        # The caller retries with a growing wait: see stores/azure/tokens.py.
        options["retry_total"] = 0
        # proxy= applies to rows and tokens alike; a machine's own endpoint has none.
        options["use_env_settings"] = False
        client = os.environ.get("AZURE_CLIENT_ID")
        whose: dict[str, Any] = {"client_id": client} if client else {}
        made: dict[str, Callable[[], Any]] = {
            "default": lambda: aio.DefaultAzureCredential(**options),
            "managed": lambda: aio.ManagedIdentityCredential(**whose, **options),
            "workload": lambda: aio.WorkloadIdentityCredential(**options),
            "cli": lambda: aio.AzureCliCredential(),
        }
        return made[self.name]()


def _mistake_in(name: str, error: ValueError) -> str:
    """What the environment lacks, never what it contains."""
    needed = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")
    missing = [variable for variable in needed if not os.environ.get(variable)]
    if name == "workload" and missing:
        return (
            f"the environment lacks {', '.join(missing)}; on AKS label the pod "
            "azure.workload.identity/use: 'true' and set its service account"
        )
    if "authority" in str(error):
        return (
            "AZURE_AUTHORITY_HOST must be an https URL, such as https://login.microsoftonline.com"
        )
    return "azure-identity does not accept its environment variables (AZURE_…); check them"
