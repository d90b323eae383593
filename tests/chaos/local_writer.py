"""A process that appends to one local blob until it is killed, and says what was acknowledged.

python local_writer.py DIRECTORY NAME SEED. Each append is one line: its name and number, the size
of its filling, the filling, name and number again. Each acknowledged one is a line on stdout.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

from aiocollect.errors import OffsetMismatch, StoreBusy
from aiocollect.stores.local import LocalStore

PATH = "day/data.csv"
SIZES = [100, 5_000, 1_000_000, 3_000_000, 24_000_000]


async def main(root: str, name: str, seed: str) -> None:
    """One append after the other, as a lane does it."""
    store, chance, number = LocalStore(root), random.Random(int(seed)), 0
    await store.create(PATH, content_type="text/csv")
    position, etag = 0, None
    while True:
        size = chance.choices(SIZES, [6, 6, 3, 3, 1])[0]
        key = f"{name}.{number}"
        line = f"{key},{size},".encode() + b"x" * size + f",{key}\n".encode()
        while True:
            try:
                position, _, etag = await store.append(PATH, line, offset=position, etag=etag)
                break
            except OffsetMismatch:
                opened = await store.open(PATH, head=1)
                position, etag = opened.length, opened.etag
            except StoreBusy:
                await asyncio.sleep(chance.uniform(0, 0.1))
        os.write(1, f"{key}\n".encode())
        number += 1
        # So that the file stays a few hundred megabytes.
        await asyncio.sleep(chance.uniform(0, 0.02))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
