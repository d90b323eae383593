"""The thread that finds out what the data page shows, for as long as somebody looks.

The server asks look(), which never waits: it notes what is looked at, and answers with the picture
that was made last. The thread takes the wishes in turn, a step of each; a wish that nobody has had
for a quarter of a minute is given up, in the middle of a step too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple

import orjson

from ... import AioCollectError
from .copies import REST
from .kept import Wish
from .known import KnownData
from .picture import picture_of

__all__ = ["DataReader"]

# Seconds without a question, after which nobody looks any more.
PATIENCE: Final = 15.0
# At once; more people than that look at the same.
WISHES: Final = 8
LONGEST_NAME: Final = 1000
FIRST_WAIT, LONGEST_WAIT = 5.0, 60.0


class _GivenUp(Exception):
    """Nobody looks at it any more."""


class _Picture(NamedTuple):
    number: int
    body: bytes


class _Doing(NamedTuple):
    what: str
    rows: int
    since: float


class _Trouble(NamedTuple):
    text: str
    wait: float
    until: float


class DataReader:
    """``known`` is used by the thread alone. ``store``: what the page calls it, without secrets.
    ``clock`` counts seconds since 1970. ``closes`` is called at the end, while a step may go on:
    it lets the step fail."""

    def __init__(
        self,
        known: KnownData,
        *,
        store: str,
        clock: Callable[[], float] = time.time,
        closes: Callable[[], None] = lambda: None,
    ) -> None:
        self._known, self._store, self._clock = known, store, clock
        self._closes = closes
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._wishes: dict[Wish, float] = {}  # when each was asked for
        self._pictures: dict[Wish, _Picture] = {}
        self._doing: _Doing | None = None
        self._troubles: dict[Wish, _Trouble] = {}
        self._number = 0
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="aiocollect-data", daemon=True)

    def __repr__(self) -> str:
        return f"<DataReader of {self._store}>"

    def start(self) -> None:
        """Begin; nothing is read before somebody looks."""
        self._thread.start()

    def close(self) -> None:
        """End, also in the middle of a step."""
        self._ended = True
        self._wake.set()
        self._closes()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def look(self, query: Mapping[str, str]) -> bytes:
        """JSON of what is known of what the query names: model, version, stream, day. ``have`` is
        the number of the picture that the asker has already."""
        wish, now = _wish_of(query), self._clock()
        with self._lock:
            self._wishes[wish] = now
            self._tidy(now)
            picture, doing = self._pictures.get(wish), self._doing
            trouble = self._troubles.get(wish)
        self._wake.set()
        known = picture is not None and query.get("have") == str(picture.number)
        return orjson.dumps(
            {
                "store": self._store,
                "values": self._known.values,
                "baseline_days": self._known.baseline_days,
                "rest": REST,
                "doing": None if doing is None else doing._asdict(),
                "trouble": None if trouble is None else trouble.text,
                "number": None if picture is None else picture.number,
                "picture": None if picture is None or known else orjson.Fragment(picture.body),
            }
        )

    def _tidy(self, now: float) -> None:
        for wish in sorted(self._wishes, key=self._wishes.__getitem__)[:-WISHES]:
            del self._wishes[wish]
        for wish in [one for one, at in self._wishes.items() if now - at > PATIENCE]:
            del self._wishes[wish]
        for gone in self._pictures.keys() - self._wishes.keys():
            del self._pictures[gone]
        for gone in self._troubles.keys() - self._wishes.keys():
            del self._troubles[gone]

    # The thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            self._wake.clear()
            if not self.turn() and not self._ended:
                # Somebody asks once a second where something is under way.
                self._wake.wait(REST)

    def turn(self) -> bool:
        """One step for each wish; whether there was any to be done."""
        with self._lock:
            self._tidy(self._clock())
            wishes = list(self._wishes)
        done = False
        for wish in wishes:
            done = self._served(wish) or done
        return done

    def _served(self, wish: Wish) -> bool:
        trouble = self._troubles.get(wish)
        if trouble is not None and self._clock() < trouble.until:
            return False
        try:
            done = self._known.step(wish, lambda what, rows: self._tell(wish, what, rows))
        except _GivenUp:
            return True
        except AioCollectError as error:
            return self._failed(wish, str(error))
        except BaseException as error:
            if self._ended:
                return False
            # Its text may have a cell.
            kind = type(error).__name__
            self._failed(wish, f"reading ended with an error of aiocollect ({kind}); report it")
            if not isinstance(error, Exception):
                raise
            return True
        finally:
            self._doing = None
        with self._lock:
            self._troubles.pop(wish, None)
            missing = wish not in self._pictures
        if done or missing:
            body = picture_of(self._known, wish)
            with self._lock:
                self._number += 1
                self._pictures[wish] = _Picture(self._number, body)
        return done

    def _failed(self, wish: Wish, text: str) -> bool:
        """Say so, and wait longer each time."""
        with self._lock:
            before = self._troubles.get(wish)
            wait = FIRST_WAIT if before is None else min(LONGEST_WAIT, 2 * before.wait)
            self._troubles[wish] = _Trouble(text, wait, self._clock() + wait)
        return True

    def _tell(self, wish: Wish, what: str, rows: int) -> None:
        before = self._doing
        since = before.since if before is not None and before.what == what else self._clock()
        self._doing = _Doing(what, rows, since)
        asked = self._wishes.get(wish, 0.0)
        if self._ended or self._clock() - asked > PATIENCE:
            raise _GivenUp


def _wish_of(query: Mapping[str, str]) -> Wish:
    model, version, stream = (
        query.get(name, "")[:LONGEST_NAME] for name in ("model", "version", "stream")
    )
    day: date | None = None
    with suppress(ValueError):  # the latest one
        day = date.fromisoformat(query.get("day", ""))
    return Wish(model, version, stream, day)
