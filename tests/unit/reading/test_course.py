"""What a follower asks for and hands out; the oracle is a list of rows, and no blob is real.

``World`` answers as a store does: a dictionary of bytes. Whoever follows must hand out each row of
each life of a blob once and in order, whatever the ranges, the listings and the cuts are.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiocollect.reading.asked.notes import Notes
from aiocollect.reading.following.course import Course
from aiocollect.reading.parts.places import PartPlace
from aiocollect.typing import Listed, Range

DAY = 86_400_000_000
HEADER = b"a,b\n"
CELLS = st.text(alphabet='a,"\n', max_size=4)
BLOCKS = st.lists(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=3), max_size=8)


def written(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def place(path: str) -> PartPlace:
    number = int(path.removesuffix(".csv").rpartition("_")[2])
    return PartPlace((), 0, DAY, "", 0, number, "csv", "csv")


class World:
    """Blobs, and a follower of them that can be killed and go on from its last position."""

    def __init__(self, *, from_now: bool = False, width: int = 64) -> None:
        self.width = width
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.notes = Notes()
        self.now = 0.0
        self.rows: list[tuple[str, list[str]]] = []
        self.course = self.begun({}, from_now)

    def restart(self) -> None:
        """As after a crash: only the position is kept."""
        self.course = self.begun(dict(self.course.marks), False)

    def begun(self, marks: Any, from_now: bool) -> Course:
        return Course(self.notes, floor=0, marks=marks, from_now=from_now, range_bytes=self.width)

    def poll(self, *, committed: bool = True) -> None:
        """List, and read all to its end."""
        self.now += 1
        found = [
            (Listed(path, len(data), created, committed=committed), place(path))
            for path, (created, data) in self.blobs.items()
        ]
        self.course.listed(found, whole=True, now=self.now)
        for path in self.course.due(now=self.now, time=0):
            ask = self.course.ask(path)
            while ask is not None:
                created, data = self.blobs[path]
                part = data[ask.offset : ask.offset + ask.length]
                found_ = Range(part, len(data), "", created)
                chunk = self.course.answered(ask, found_, now=self.now)
                if chunk is not None:
                    text = io.StringIO(chunk.rows.decode(), newline="")
                    self.rows += [(path, row) for row in csv.reader(text)]
                ask = self.course.following(ask, len(data))


@given(
    BLOCKS,
    st.booleans(),
    st.integers(1, 40),
    st.lists(st.sampled_from(["poll", "die", "idle"]), max_size=20),
)
def test_each_row_once_and_in_order(
    blocks: Any, from_now: bool, width: int, acts: list[str]
) -> None:
    """Whatever is polled between the appends, whatever the ranges are, however often it dies."""
    want: list[tuple[str, list[str]]] = []
    world = World(from_now=from_now, width=width)
    data = HEADER
    world.blobs["x_0.csv"] = ("1", data)
    world.poll()
    for turn, rows in enumerate(blocks):
        data += written(rows)
        want += [("x_0.csv", list(row)) for row in rows]
        world.blobs["x_0.csv"] = ("1", data)
        act = acts[turn] if turn < len(acts) else "poll"
        if act == "die":
            world.restart()
        if act != "idle":
            world.poll()
    world.poll()
    assert world.rows == want


@given(BLOCKS, BLOCKS, st.booleans(), st.integers(1, 40), st.integers(0, 60))
def test_what_was_there_when_it_began_is_not_handed_out(
    before: Any, after: Any, committed: bool, width: int, torn: int
) -> None:
    """Also where what was there ended within a row or a header: the row that was not whole is new.
    Only where somebody vouches for whole appends is a line's end taken for a row's."""
    old, new = b"".join(map(written, before)), b"".join(map(written, after))
    data = HEADER + old
    whole = len(data)
    length = whole if committed else min(whole, max(0, whole - torn))
    world = World(from_now=True, width=width)
    world.blobs["x_0.csv"] = ("1", data[:length])
    world.poll(committed=committed)
    world.poll(committed=committed)
    world.restart()
    world.blobs["x_0.csv"] = ("1", data + new)
    world.poll(committed=committed)
    world.poll(committed=committed)
    ends = [len(HEADER) + len(written(flat(before)[:n])) for n in range(len(flat(before)) + 1)]
    there = max([n for n, end in enumerate(ends) if end <= length], default=0)
    want = [list(row) for row in [*flat(before)[there:], *flat(after)]]
    assert [row for _, row in world.rows] == want


def flat(blocks: Any) -> list[Any]:
    return [row for rows in blocks for row in rows]


def test_a_blob_of_another_life_is_read_from_its_begin() -> None:
    """By its creation time, also where it is as long as the other was; one that comes back as it
    was goes on where it was left, also after a crash."""
    world = World()
    first = ("1", HEADER + b"1,2\n")
    world.blobs["x_0.csv"] = first
    world.poll()
    world.blobs["x_0.csv"] = ("2", HEADER + b"3,4\n")
    world.restart()
    world.poll()
    assert [row for _, row in world.rows] == [["1", "2"], ["3", "4"]]
    assert not world.notes.all  # nobody saw it change: it was known by its position alone
    second = world.blobs.pop("x_0.csv")
    world.poll()
    assert [note.code for note in world.notes.all] == ["removed"]
    world.restart()
    world.poll()
    world.blobs["x_0.csv"] = (second[0], second[1] + b"5,6\n")
    world.poll()
    assert [row for _, row in world.rows] == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_a_blob_that_was_emptied_and_filled_again_is_never_taken_up_within_a_row() -> None:
    """Its creation time is the same; its bytes are not."""
    for crash in (False, True):
        world = World()
        world.blobs["x_0.csv"] = ("1", HEADER + b"1,2\n")
        world.poll()
        world.blobs["x_0.csv"] = ("1", HEADER + b'"3,3",4\n5,6\n')
        if crash:
            world.restart()
        world.poll()
        world.poll()
        assert [row for _, row in world.rows] == [["1", "2"], ["3,3", "4"], ["5", "6"]]


def test_a_blob_that_stays_emptied_is_begun_anew() -> None:
    """But not at once: a shorter one is most often an old view."""
    world = World()
    world.blobs["x_0.csv"] = ("1", HEADER + b"1,2\n3,4\n")
    world.poll()
    world.blobs["x_0.csv"] = ("1", HEADER + b"5,6\n")
    for _ in range(30):
        world.poll()
    assert len(world.rows) == 2
    for _ in range(40):
        world.poll()
    assert [row for _, row in world.rows] == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_a_part_that_is_new_is_read_from_its_begin() -> None:
    """However long it has become until a listing shows it."""
    world = World(from_now=True)
    world.poll()
    world.blobs["x_0.csv"] = ("1", HEADER + b"1,2\n")
    world.poll()
    assert len(world.rows) == 1


def test_quiet_parts_are_left_to_the_listings() -> None:
    """Of parts that a later one follows, and of folders that are past; the last of the present
    folder is asked for at each poll."""
    world = World()
    for number in range(3):
        world.blobs[f"x_{number}.csv"] = ("1", HEADER)
    world.poll()
    assert world.course.due(now=30.0, time=0) == ["x_0.csv", "x_1.csv", "x_2.csv"]
    assert world.course.due(now=90.0, time=0) == ["x_2.csv"]
    assert world.course.due(now=90.0, time=2 * DAY) == []
    world.blobs["x_0.csv"] = ("1", HEADER + b"1,2\n")
    world.now = 90.0
    world.poll()
    assert world.rows == [("x_0.csv", ["1", "2"])]
