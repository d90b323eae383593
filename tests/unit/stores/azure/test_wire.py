"""Bodies of the Azure store: whole, in pieces, and never holding the loop."""

from __future__ import annotations

import asyncio

import pytest

from aiocollect.stores.azure.wire import PIECE, BodyPieces


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 5 * PIECE + 7])
def test_a_body_in_pieces_can_start_again(size: int) -> None:
    """However often it is sent, a body is whole, and no piece is larger than the limit."""
    data = bytes(index % 251 for index in range(size))

    async def gather(pieces: BodyPieces) -> list[bytes]:
        return [bytes(piece) async for piece in pieces]

    async def twice() -> None:
        pieces = BodyPieces(data)
        iterator = aiter(pieces)
        await anext(iterator)  # A first attempt that was cut off.
        for _ in range(2):
            sent = await gather(pieces)
            assert b"".join(sent) == data
            assert max(map(len, sent)) <= PIECE

    asyncio.run(twice())


def test_the_loop_runs_between_the_pieces() -> None:
    """Whoever else is ready has a turn before each piece but the first."""

    async def count() -> list[int]:
        turns = 0
        done = False

        async def tick() -> None:
            nonlocal turns
            while not done:
                turns += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        seen = [turns async for _ in BodyPieces(bytes(5 * PIECE))]
        done = True
        await ticking
        return seen

    assert asyncio.run(count()) == [0, 1, 2, 3, 4]
