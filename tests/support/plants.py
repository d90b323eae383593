"""Damages that are planted in the blobs of a day (logged.py), and what must be found of each.

The table says what was done to the bytes, and what must be said of it. What was stored where is
known from events. The log's own lines are forged with the standard library alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from .logged import FIRST, KEY, SECOND, Day, lived

__all__ = ["LOG_STATE", "PLANTS", "SIGNED", "day", "without"]

TAIL = 41  # bytes of a line's hash: ,"h":"…"}


@cache
def day(*, signed: bool = False, log: bool = True) -> Day:
    """The same day for all; each test damages a copy."""
    return lived(key=KEY if signed else None, log=log)


class Plant(NamedTuple):
    """``do`` damages a day. One of ``kinds`` must be found, of that state; ``key`` is given to
    verify()."""

    do: Callable[[Day], None]
    kinds: set[str]
    state: str = "damaged"
    key: bytes | None = None
    stream: str = "inputs"


# What is done to the bytes of rows -------------------------------------------------------------


def flip(index: int, at: int = 5) -> Callable[[Day], None]:
    def do(day: Day) -> None:
        path = day.part("inputs")
        offset, _ = day.blocks[path][index]
        data = bytearray(day.data(path))
        data[offset + at] ^= 1
        day.put(path, bytes(data))

    return do


def without(*indexes: int) -> Callable[[Day], None]:
    """Blocks cut out."""

    def do(day: Day) -> None:
        path = day.part("inputs")
        data = day.data(path)
        for index in sorted([one % len(day.blocks[path]) for one in indexes], reverse=True):
            offset, length = day.blocks[path][index]
            data = data[:offset] + data[offset + length :]
        day.put(path, data)

    return do


def insert(index: int | None, what: Callable[[Day, str], bytes]) -> Callable[[Day], None]:
    """Bytes put before a block; None: at the end."""

    def do(day: Day) -> None:
        path = day.part("inputs")
        data = day.data(path)
        offset = len(data) if index is None else day.blocks[path][index][0]
        day.put(path, data[:offset] + what(day, path) + data[offset:])

    return do


def block(index: int) -> Callable[[Day, str], bytes]:
    return lambda day, path: day.block(path, index)


def row(writer: str) -> Callable[[Day, str], bytes]:
    """A row that was never collected, under an id of this writer."""
    id_ = f"018bcfe5-6800-8fff-ac{writer[:2]}-{writer[2:]}ffff"
    return lambda *_: f'1.5,"x",{id_},2023-11-14T22:13:30.000000,0\n'.encode()


def rewritten(change: Callable[[bytes], bytes], stream: str = "inputs") -> Callable[[Day], None]:
    def do(day: Day) -> None:
        path = day.part(stream)
        day.put(path, change(day.data(path)))

    return do


def swapped(one: int, other: int) -> Callable[[Day], None]:
    def do(day: Day) -> None:
        path = day.part("inputs")
        blocks = [day.block(path, index) for index in range(len(day.blocks[path]))]
        blocks[one], blocks[other] = blocks[other], blocks[one]
        head = day.data(path)[: day.blocks[path][0][0]]
        day.put(path, head + b"".join(blocks))

    return do


def moved_to_the_end(day: Day) -> None:
    path = day.part("inputs")
    some = day.block(path, 2)
    without(2)(day)
    day.put(path, day.data(path) + some)


def half_a_block_doubled(day: Day) -> None:
    path = day.part("inputs")
    some = day.block(path, 4)
    cut = some.index(b"\n", len(some) // 2) + 1
    offset, _ = day.blocks[path][5]
    data = day.data(path)
    day.put(path, data[:offset] + some[:cut] + data[offset:])


def deleted(day: Day) -> None:
    del day.blobs[day.part("inputs")]


def replaced(day: Day) -> None:
    path = day.part("inputs")
    day.blobs[path] = day.data(path), "another time"


def header_end(data: bytes) -> int:
    return data.index(b"\n") + 1


# What is done to the log -----------------------------------------------------------------------


def lines(day: Day, writer: str = FIRST) -> list[bytes]:
    return day.data(day.log(writer)).splitlines(keepends=True)


def log(change: Callable[[list[bytes]], list[bytes]], writer: str = FIRST) -> Callable[[Day], None]:
    def do(day: Day) -> None:
        day.put(day.log(writer), b"".join(change(lines(day, writer))))

    return do


def no_log(day: Day) -> None:
    for writer in (FIRST, SECOND):
        del day.blobs[day.log(writer)]


def two_lives(day: Day) -> None:
    """The second writer's log written after the first one's, in one file."""
    other = day.data(day.log(SECOND))
    del day.blobs[day.log(SECOND)]
    day.put(day.log(FIRST), day.data(day.log(FIRST)) + other)


def renamed(day: Day) -> None:
    """One life's log in the place of the other's."""
    day.put(day.log(FIRST), day.data(day.log(SECOND)))


def forged(key: bytes | None, change: Callable[[str], str]) -> Callable[[Day], None]:
    """The log is changed, and all hashes made anew, with this key or none."""

    def do(day: Day) -> None:
        before, made = b"", []
        for line in lines(day):
            body = change(line[:-TAIL].decode()).encode()
            if not body:
                continue
            if key is None:
                before = hashlib.sha256(before + body).digest()[:16]
            else:
                before = hmac.new(key, before + body, "sha256").digest()[:16]
            made.append(body + b',"h":"' + before.hex().encode() + b'"}\n')
        day.put(day.log(), b"".join(made))

    return do


def first_set(day: Day, writer: str = FIRST) -> dict[str, int | str]:
    path = day.part("inputs")
    for line in lines(day, writer):
        said = json.loads(line)
        if said["k"] == "set" and said["p"] == path:
            return dict(said)
    raise AssertionError("there is no such record")


def row_and_record_taken(key: bytes | None) -> Callable[[Day], None]:
    """The last block of the part is cut off, and its record struck from the log."""

    def do(day: Day) -> None:
        path = day.part("inputs")
        offset, _ = day.blocks[path][-1]
        without(-1)(day)
        pattern = re.compile(rf'"k":"set".*"p":"{re.escape(path)}".*"b":\[\[\d+,\d+,{offset},')
        for writer in (FIRST, SECOND):
            found = Day(dict(day.blobs), day.blocks)
            text = found.data(found.log(writer)).decode()
            if pattern.search(text):
                kept = [line for line in lines(day, writer) if not pattern.search(line.decode())]
                day.put(day.log(writer), b"".join(kept))
                _hash_again(day, writer, key)

    return do


def _hash_again(day: Day, writer: str, key: bytes | None) -> None:
    before, made = b"", []
    for line in lines(day, writer):
        body = line[:-TAIL]
        if key is None:
            before = hashlib.sha256(before + body).digest()[:16]
        else:
            before = hmac.new(key, before + body, "sha256").digest()[:16]
        made.append(body + b',"h":"' + before.hex().encode() + b'"}\n')
    day.put(day.log(writer), b"".join(made))


def same(text: str) -> str:
    return text


def untouched(day: Day) -> None:
    pass


def unsigned(text: str) -> str:
    return text.replace('"signed":true', '"signed":false')


LOG_STATE = "less"  # than proven, and never damaged: the rows are whole

PLANTS = {
    "a byte of the first block flipped": Plant(flip(0), {"altered"}),
    "a byte of a block in the middle flipped": Plant(flip(11), {"altered"}),
    "a byte of the last block flipped": Plant(flip(-1), {"altered"}),
    "the last byte of a block flipped": Plant(flip(3, at=-1), {"altered"}),
    "two blocks with a flipped byte": Plant(
        lambda day: (flip(3)(day), flip(9)(day))[0], {"altered"}
    ),
    "a digit of an id": Plant(flip(6, at=40), {"altered"}),
    "a block of zeros": Plant(
        lambda day: day.put(
            day.part("inputs"),
            day.data(day.part("inputs")).replace(
                day.block(day.part("inputs"), 7), bytes(len(day.block(day.part("inputs"), 7)))
            ),
        ),
        {"altered"},
    ),
    "the header altered": Plant(rewritten(lambda data: b"b" + data[1:]), {"altered"}),
    "the header cut out": Plant(
        rewritten(lambda data: data[header_end(data) :]), {"altered", "lost", "foreign"}
    ),
    "the header doubled": Plant(
        rewritten(lambda data: data[: header_end(data)] + data), {"foreign", "doubled"}
    ),
    "a block cut out": Plant(without(8), {"lost"}),
    "the first block cut out": Plant(without(0), {"lost"}),
    "the last block cut off": Plant(without(-1), {"lost"}),
    "two blocks next to one another cut out": Plant(without(4, 5), {"lost"}),
    "two blocks apart cut out": Plant(without(4, 14), {"lost"}),
    "the last row torn": Plant(rewritten(lambda data: data[:-9]), {"lost", "altered"}),
    "one row of a block cut out": Plant(
        lambda day: day.put(
            day.part("inputs"),
            day.data(day.part("inputs")).replace(day.block(day.part("inputs"), 5)[:60], b"", 1),
        ),
        {"altered", "lost"},
    ),
    "a block doubled in its place": Plant(insert(6, block(5)), {"doubled"}),
    "a block doubled further down": Plant(insert(12, block(2)), {"doubled"}),
    "a block doubled at the end": Plant(insert(None, block(3)), {"doubled"}),
    "the last block doubled": Plant(insert(None, block(-1)), {"doubled"}),
    "half a block doubled": Plant(half_a_block_doubled, {"doubled", "foreign", "altered"}),
    "two blocks swapped": Plant(swapped(5, 6), {"moved"}),
    "a block moved to the end": Plant(moved_to_the_end, {"moved"}),
    "a row under an id of a life that closed": Plant(insert(None, row(FIRST)), {"foreign"}),
    "the same in the middle": Plant(insert(9, row(SECOND)), {"foreign"}),
    "a line of text": Plant(insert(None, lambda *_: b"hello\n"), {"foreign"}),
    "bytes of anything": Plant(insert(None, lambda *_: bytes(range(256))), {"foreign"}),
    "rows of another stream": Plant(
        insert(None, lambda day, _: day.block(day.part("predictions"), 1)), {"foreign"}
    ),
    "a row of a writer without a log": Plant(
        insert(None, row("00000000cc")), {"no_log"}, state="consistent"
    ),
    "the part deleted": Plant(deleted, {"lost"}),
    "the part replaced by the same bytes": Plant(replaced, {"lost"}),
    "the part emptied": Plant(rewritten(lambda _: b""), {"lost"}),
    "all but the header cut off": Plant(rewritten(lambda data: data[: header_end(data)]), {"lost"}),
    "predictions cut off": Plant(
        rewritten(lambda data: data[: len(data) // 2], "predictions"),
        {"lost"},
        stream="predictions",
    ),
    "no log at all": Plant(no_log, {"no_log"}, LOG_STATE),
    "one log deleted": Plant(
        lambda day: day.blobs.__delitem__(day.log(SECOND)), {"no_log"}, LOG_STATE
    ),
    "the log emptied": Plant(log(lambda lines: []), {"chain"}, LOG_STATE),
    "the log cut before its close": Plant(log(lambda lines: lines[:-1]), {"running"}, LOG_STATE),
    "the log cut in the middle": Plant(
        log(lambda lines: lines[: len(lines) // 2]), {"running"}, LOG_STATE
    ),
    "the log cut within a line": Plant(
        log(lambda lines: [*lines[:-1], lines[-1][:-9]]), {"chain"}, LOG_STATE
    ),
    "the log without its first line": Plant(log(lambda lines: lines[1:]), {"chain"}, LOG_STATE),
    "a line cut out of the log": Plant(
        log(lambda lines: lines[:6] + lines[7:]), {"chain"}, LOG_STATE
    ),
    "two lines of the log swapped": Plant(
        log(lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]]), {"chain"}, LOG_STATE
    ),
    "a line of the log doubled": Plant(
        log(lambda lines: [*lines[:6], lines[5], *lines[6:]]), {"chain"}, LOG_STATE
    ),
    "a number of the log altered": Plant(
        log(lambda lines: [line.replace(b'"accepted":', b'"accepted":1') for line in lines]),
        {"chain"},
        LOG_STATE,
    ),
    "lines after the close": Plant(log(lambda lines: [*lines, lines[-1]]), {"chain"}, LOG_STATE),
    "the logs of two lives in one": Plant(two_lives, {"chain", "no_log"}, LOG_STATE),
    "the log of one life in the place of another's": Plant(renamed, {"chain"}, LOG_STATE),
    "a log that says less than was accepted": Plant(
        forged(None, lambda text: re.sub(r'("k":"sum","at":\d+,"accepted":)', r"\g<1>9", text)),
        {"unaccounted"},
    ),
    "a record struck and all hashes made anew": Plant(
        lambda day: _struck(day), {"lost", "unaccounted", "foreign"}
    ),
    "a block and its record taken, and all hashes made anew": Plant(
        row_and_record_taken(None), {"lost"}
    ),
    "a signed log, and no key": Plant(untouched, {"unchecked"}, LOG_STATE),
    "a signed log forged without the key": Plant(
        row_and_record_taken(None), {"chain"}, LOG_STATE, KEY
    ),
    "a signed log forged with another key": Plant(
        forged(b"another key of sixteen", same), {"chain"}, LOG_STATE, KEY
    ),
    "a signed log in the place of which an unsigned one was put": Plant(
        forged(None, unsigned), {"unsigned"}, LOG_STATE, KEY
    ),
    "a signed log, and another key given": Plant(
        untouched, {"chain"}, LOG_STATE, b"the key of somebody else"
    ),
}
SIGNED = {name for name in PLANTS if "signed" in name}


def _struck(day: Day) -> None:
    """The record of a block, with its rows still there, is taken out by somebody who knows how."""
    said = first_set(day)
    kept = [line for line in lines(day) if json.loads(line) != said]
    day.put(day.log(), b"".join(kept))
    _hash_again(day, FIRST, None)
