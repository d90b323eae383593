"""Spike (c): what the emulator answers, which the Azure store is built on. Prints facts.

    python loadtest/spikes/azurite_facts.py

1. Does one ranged GET give length, block count, ETag and creation time; also of an empty blob?
2. Does a SAS with add and create alone suffice to create and append; what does creating over an
   existing blob answer; what do the conditions answer without the right to read?

The requests go through the plain SDK, not through our store, and the answers are printed as they
came. The emulator is not the service: what it cannot show is said in the last lines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from testkit.emulator import Emulator, EmulatorMissing, emulator

CONTAINER = "facts"
HEADERS = (
    "Content-Range",
    "Content-Length",
    "ETag",
    "x-ms-blob-type",
    "x-ms-blob-committed-block-count",
    "x-ms-creation-time",
    "x-ms-blob-append-offset",
)


def show(what: str, request: Callable[..., object]) -> None:
    """Send one request and print status, error code and the headers that we live on."""
    answers: list[Any] = []
    try:
        request(raw_response_hook=lambda response: answers.append(response.http_response))
    except HttpResponseError as error:
        code = answers[-1].headers.get("x-ms-error-code")
        print(f"  {what}: {error.status_code} {code}")
    else:
        print(f"  {what}: {answers[-1].status_code}")
    for number, answer in enumerate(answers, 1):
        found = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
        order = f"request {number} of {len(answers)}, " if len(answers) > 1 else ""
        print(f"      {order}{answer.request.method} {answer.status_code} {found}")


def ranged_get(container: ContainerClient) -> None:
    """Fact 1."""
    blob = container.get_blob_client("data.csv")
    blob.create_append_blob()
    show("ranged GET, empty blob", lambda **hook: blob.download_blob(0, 16, **hook))
    show("HEAD, empty blob", lambda **hook: blob.get_blob_properties(**hook))
    for row in (b"a,b\n", b"1,2\n"):
        blob.append_block(row)
    show("ranged GET, two blocks", lambda **hook: blob.download_blob(0, 4, **hook))
    show("ranged GET, at the end", lambda **hook: blob.download_blob(8, 4, **hook))
    show("ranged GET, behind the end", lambda **hook: blob.download_blob(9, 4, **hook))


def add_and_create(running: Emulator) -> None:
    """Fact 2."""
    token = generate_container_sas(
        running.account,
        CONTAINER,
        account_key=running.key,
        permission=ContainerSasPermissions(add=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    with ContainerClient(running.url, CONTAINER, credential=token) as container:
        blob = container.get_blob_client("least.csv")
        fresh: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
        show("append, no blob", lambda **hook: blob.append_block(b"x", **hook))
        show("create", lambda **hook: blob.create_append_blob(**fresh, **hook))
        show("create again", lambda **hook: blob.create_append_blob(**fresh, **hook))
        show("append at 0", lambda **hook: blob.append_block(b"x", appendpos_condition=0, **hook))
        show(
            "the same again", lambda **hook: blob.append_block(b"x", appendpos_condition=0, **hook)
        )
        show("ranged GET", lambda **hook: blob.download_blob(0, 1, **hook))
        show("HEAD", lambda **hook: blob.get_blob_properties(**hook))


def main() -> int:
    """Print the facts; 3 where the emulator is missing."""
    try:
        with emulator() as running:
            with BlobServiceClient.from_connection_string(
                running.connection_string, retry_total=0
            ) as service:
                print("1. What one ranged GET tells")
                ranged_get(service.create_container(CONTAINER))
            print("2. A SAS with add and create, without read")
            add_and_create(running)
    except EmulatorMissing as obstacle:
        print(obstacle, file=sys.stderr)
        return 3
    print("Not shown here: the service is expected to answer 416 where the emulator answers 206 at")
    print("the end, and 409 or 412 where one who may overwrite creates over an existing blob.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
