"""Bugs of the append rule and of what the service answers: lanes, stores, verdicts.

Those of our first edition, each of which cost rows, or hosts, in the hands of adversaries.
"""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["APPENDS"]

APPENDS: Final[list[Mutant]] = [
    Mutant(
        "a refusal costs the rows of its block",
        "own: 400 for every request, by a policy or a roll-out",
        "_core/states.py",
        "_REFUSED = _to(on_refused, _HELD)\n",
        "def _costs(lane: LaneData, error: Any) -> list[Command]:\n"
        "    sent = lane.state is State.APPENDING and not lane.doubt\n"
        '    if not sent or error.code != "InvalidHeaderValue":\n'
        "        return on_refused(lane, error)\n"
        "    end = appending.dead_lettered(lane.block, lane.parts, reason=error.code)\n"
        "    return [*lane.blocks.end(end), *appending.next_block(lane)]\n\n\n"
        "_REFUSED = _to(_costs, *State)\n",
        ("lives",),
        "rows pay for the store's refusals",
    ),
    Mutant(
        "a proxy that takes nothing costs rows",
        "own: 413 for everything",
        "_core/appending.py",
        "    if not lane.sizes.explain(len(lane.body)):\n",
        "    if not lane.body:\n",
        ("standstill",),
        "lost",
    ),
    Mutant(
        "a refused creation is repeated for ever",
        "own: some credentials hear 403 about a blob that stands",
        "_core/finding.py",
        "    retries.creation = error.code\n    return look(lane)\n",
        "    return hold(lane, error.code)\n",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "rows on a stranger's torn line",
        "own: bytes without a line end at the end of a part",
        "_core/place.py",
        "        self.sound = opened.length <= len(opened.head)",
        "        self.sound = True",
        ("lives",),
        "torn",
    ),
    Mutant(
        "a torn line behind what others appended",
        "own: bytes without a line end, found by reading back",
        "_core/verdict.py",
        '    return found.data.endswith(b"\\n")\n',
        "    return True\n",
        ("lives",),
        "torn",
    ),
    Mutant(
        "a torn line at the end of a crowded part",
        "own: bytes without a line end, found by the look before an append",
        "_core/readback.py",
        "            place.move(found, sound=sound)\n"
        '            return roll(lane, "no_line_end") if sound is False else next_block(lane)\n',
        "            place.move(found, sound=True)\n            return next_block(lane)\n",
        ("lives",),
        "torn",
    ),
    Mutant(
        "an old view taken for another blob",
        "own: a cache answers with what was two seconds ago",
        "_core/verdict.py",
        "        return Sighting.SHORTER, -1\n",
        "        return Sighting.REPLACED, -1\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "an emptied blob is an old view for ever",
        "own: a part that was cut in its place",
        "_core/readback.py",
        "    elif retries.standing(lane.now) >= NOT_STALE:\n",
        "    elif retries.standing(lane.now) < 0:\n",
        ("standstill",),
        "not stored soon",
    ),
    Mutant(
        "an answer of another place believed",
        "own: a middlebox mixes up answers",
        "_delivery/senders.py",
        "            if not fits(request, answer):\n",
        "            if answer is None:\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "blind: no If-Match",
        "own: a late append lands in what somebody made anew",
        "_core/blind.py",
        "    lane.place = Place(position=0, etag=etag)\n",
        "    lane.place = Place(position=0)\n",
        ("replaced",),
        "doubled",
    ),
    Mutant(
        "blind: a creation in doubt is used",
        "own: a late creation makes the blob anew under a late append",
        "_core/finding.py",
        "    if created is False or (lane.retries and lane.retries.unsure):\n",
        "    if created is False:\n",
        ("replaced",),
        "doubled",
    ),
    Mutant(
        "blind: a moved ETag is proof",
        "own: metadata moved it, and nothing landed",
        "_core/blind.py",
        "    if by_etag:\n",
        "    if by_etag and place.blocks < 0:\n",
        ("lives",),
        "lost",
    ),
    Mutant(
        "an immutable part is left for the next",
        "own: every part of such a container is immutable",
        "_core/commands.py",
        "            event = _REFUSALS.get(error.reason, LaneEvent.REFUSED)\n",
        "            event = _REFUSALS.get(error.reason, LaneEvent.REFUSED)\n"
        "            if error.reason is Refusal.IMMUTABLE:\n"
        "                event = LaneEvent.FULL\n",
        ("standstill",),
        "lost",
    ),
    Mutant(
        "parts that take nothing are made at full speed",
        "own: 110 empty blobs, and 800 requests a second",
        "_core/retries.py",
        "        if self._turns > FREE_TURNS:\n",
        "        if self._turns > 99 * FREE_TURNS:\n",
        ("standstill",),
        "requests in",
    ),
    Mutant(
        "a condition that never holds is nobody's business",
        "own: a proxy changes the ETags",
        "_core/retries.py",
        "        if self._undecided < RETRYING_AFTER:\n",
        "        if self._undecided:\n",
        ("standstill",),
        "is not held",
    ),
    Mutant(
        "missing and there by turns, at full speed",
        "own: looking says missing, creating says it stands",
        "_core/finding.py",
        '        lane.begin_retries().turned("NotFoundAfterCreate")\n',
        "",
        ("standstill",),
        "requests in",
    ),
    Mutant(
        "too large and in doubt is nobody's business",
        "own: one lost answer, and then 413 for ever",
        "_core/appending.py",
        "            return hold(lane, error.code, then=State.READING)\n",
        "            from .moves import wait\n\n"
        "            return wait(lane, lane.backoff.cap, held=True)\n",
        ("standstill",),
        "is not held",
    ),
    Mutant(
        "halved in doubt, and the whole forgotten",
        "own: an earlier attempt lands after all",
        "_core/doubt.py",
        "*(header + blocks.upto(last) for last in self._lasts)]",
        '*(b"" for last in self._lasts)]',
        ("lives",),
        "doubled",
    ),
    Mutant(
        "a right that came late is not looked for",
        "own: the lane keeps its own blob for its life",
        "_core/blind.py",
        "        lane.look_at = lane.now + LOOK_AGAIN\n        notes",
        "        notes",
        ("scenarios",),
        "a right that came is not used",
    ),
    Mutant(
        "parts that turn out to be of another type are made at full speed",
        "own: something in between makes block blobs of what we create",
        "_core/moves.py",
        "    empty = place.fresh or place.made\n",
        "    empty = place.fresh\n",
        ("standstill",),
        "blobs were made",
    ),
]
