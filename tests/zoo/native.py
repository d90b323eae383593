"""Bugs of the native core: each copy of the package is built with it, where a compiler is."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["NATIVE"]

NATIVE: Final = [
    Mutant(
        "native: values are measured before the caller's code has run",
        "own: a time zone or an odd key that empties the list beside it",
        "_native/calls.hpp",
        "!in_force || !stamp.look_at(given[1]) || !look_at(parts, count, true) ||\n"
        "        !look_at(parts, count, false)) {\n",
        "!in_force || !look_at(parts, count, false) || !stamp.look_at(given[1]) ||\n"
        "        !look_at(parts, count, true)) {\n",
        ("odd callers",),
        "",
    ),
    Mutant(
        "native: other threads run in the window",
        "own: a call that gives the GIL away between reserve and commit",
        "_native/calls.hpp",
        "        value.copy(i, record->cells());\n",
        "        value.copy(i, record->cells());\n"
        "        Py_BEGIN_ALLOW_THREADS\n        Py_END_ALLOW_THREADS\n",
        ("threads",),
        "",
    ),
    Mutant(
        "native: rows do not hold their stream",
        "own: a reference given back that was never taken",
        "_native/calls.hpp",
        "record->origin = hold(part.origin);",
        "record->origin = part.origin;",
        ("both ways", "lives"),
        "",
    ),
    Mutant(
        "native: a call is not charged",
        "own: the budget has no end",
        "_native/calls.hpp",
        "    charge(ring, account, cost);\n    ring->put += 1;\n",
        "    ring->put += 1;\n",
        ("both ways",),
        "",
    ),
    Mutant(
        "native: two calls of a millisecond have one id",
        "own: the counter stays",
        "_native/ids.hpp",
        "return counter_++ & 0xFFFFFFF;",
        "return counter_ & 0xFFFFFFF;",
        ("both ways",),
        "",
    ),
    Mutant(
        "native: text that reads as missing has no quotes",
        "own: a rule of the CSV dropped",
        "_native/csv_text.hpp",
        '{"<na>", 4},   {"nan", 3}, ',
        '{"<na>", 4}, ',
        ("written text",),
        "",
    ),
    Mutant(
        "native: the sign of zero is lost",
        "own: a float's text that reads back as another",
        "_native/floats.hpp",
        "detail::lay_out<52, 1023>(out, bits >> 63, ",
        "detail::lay_out<52, 1023>(out, bits >> 63 && bits << 1, ",
        ("floats",),
        "",
    ),
    Mutant(
        "native: a float beside the bound of its digits is decided in haste",
        "own: a float's text that reads back as another",
        "_native/floats.hpp",
        "    if (__builtin_expect(near, false)) {\n",
        "    if (near && false) {\n",
        ("floats",),
        "",
    ),
    Mutant(
        "native: a budget that accepts before it looks",
        "own: the ring without a lock takes more than there is room for",
        "_native/shared_ring.hpp",
        "if (more && over_.fetch_add(more) + more > common_) {",
        "if (more && over_.fetch_add(more) > common_) {",
        ("rings",),
        "more is accepted",
    ),
    Mutant(
        "native: a record is published before it is written",
        "own: the ring without a lock shows what is not there yet",
        "_native/shared_ring.hpp",
        "        write(at(head + gap) + sizeof(Word));\n"
        "        publish(head + gap, uint64_t{size} + 1);\n",
        "        publish(head + gap, uint64_t{size} + 1);\n"
        "        write(at(head + gap) + sizeof(Word));\n",
        ("rings",),
        "",
    ),
    Mutant(
        "native: a row too many is counted",
        "own: an off-by-one in the rows of a call",
        "_native/calls.hpp",
        "    ring->more += rows - 1;\n",
        "    ring->more += rows;\n",
        ("both ways",),
        "",
    ),
    Mutant(
        "native: a stream is held for ever",
        "own: a reference that is never given back",
        "_native/drain.cpp",
        "                let_go(static_cast<Origin*>(record->origin));\n",
        "",
        ("leaks",),
        "",
    ),
    Mutant(
        "native: a block's memory is used again while a store has it",
        "own: a reference that is not looked at",
        "_native/spares.cpp",
        "capacity <= kBlock && Py_REFCNT(bytes) == 1) {\n",
        "capacity <= kBlock) {\n",
        ("blocks",),
        "",
    ),
    Mutant(
        "native: the core goes on with the channels of the life before",
        "own: a pipeline that starts again, or a fork",
        "_delivery/channels.py",
        "            channel.turn_away()\n",
        "            pass\n",
        ("lifespans",),
        "the equation does not hold",
    ),
    Mutant(
        "native: a call that a slice cuts begins anew",
        "own: what is left of a call has the rows and the indexes of its begin",
        "_native/drain.cpp",
        "            record->done += share.count;\n",
        "",
        ("both ways",),
        "",
    ),
]
