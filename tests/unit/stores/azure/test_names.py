"""Final URLs: a blob's name that arrives is the name that was asked for, whatever it is made of.

The oracle is yarl itself, which aiohttp normalises with, on the URL that the SDK makes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest
import yarl

from aiocollect.errors import StoreRefused
from aiocollect.layouts.names import escape
from aiocollect.stores.azure import AzureStore
from tests.property.hostile_names import PIECES

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
ACCOUNTS = ["https://acme.blob.core.windows.net", "http://127.0.0.1:10000/devstoreaccount1"]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_names_arrive_or_are_refused(account: str) -> None:
    """Raw hostile names, as a layout of a user's own may make them, reach exactly their blob in
    their container, or are refused before anything is sent; those that we escape always arrive."""
    random = Random(0)
    outcomes: Counter[str] = Counter()

    async def main() -> None:
        store = AzureStore(account, container="logs", credential=KEY)
        root = yarl.URL(account).raw_path.rstrip("/") + "/logs/"
        for _ in range(3000):
            name = "".join(random.choices([*PIECES, "/", "/", "a"], k=random.randint(1, 6)))
            escaped = "x/" + escape(name, what="model") + "/data.csv"
            for kind, path in (("raw", name), ("raw", f"x/{name}/data.csv"), ("escaped", escaped)):
                try:
                    blob = await store._blob(path)
                except StoreRefused:
                    outcomes[f"{kind}, refused"] += 1
                    continue
                url = yarl.URL(blob.url)
                assert url.raw_path.startswith(root)
                assert url.path == yarl.URL(account).path.rstrip("/") + "/logs/" + path
                assert (url.query_string, url.fragment) == ("", "")
                assert url.host == yarl.URL(account).host
                outcomes[kind] += 1
        await store.aclose()

    asyncio.run(main())
    # Both ways were gone, so that neither half of the promise is empty.
    assert (outcomes["escaped"], outcomes["escaped, refused"]) == (3000, 0)
    assert min(outcomes["raw, refused"], outcomes["raw"]) > 500


@pytest.mark.parametrize(
    "path",
    ["../other/data.csv", "a/../../other/x", "./a", "a/./b", "a//b", "/a", "a/", "a/..", "..",
     "a\\b", "a/\x00", "a\n", "", "a.", "x" * 1025],
)  # fmt: skip
def test_names_that_leave_their_place(path: str) -> None:
    """Refused by name, for every method, before anything is sent."""

    async def main() -> None:
        store = AzureStore("http://127.0.0.1:9/acme", container="logs", credential=KEY)
        for request in (
            store.open(path, head=1),
            store.create(path, content_type="text/csv"),
            store.append(path, b"x", offset=0),
            store.read(path, offset=0, length=1),
        ):
            with pytest.raises(StoreRefused, match="UnsafePath"):
                await request
        await store.aclose()

    asyncio.run(main())
