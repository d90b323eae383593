"""The redactor: applies the rules of a stream to frozen rows, inside collect().

Invariants:

- It works after the freezing and before the ring, so every form of input is redacted alike, and
  memory, spool and dead letters never hold what a rule removes.
- It fails closed: any failure refuses the whole call with reason "redact" and a message without
  cells. The error of a rule is not chained as context, which would lead to the cells.
- A row that a rule leaves out leaves a gap in $aml_dc_row, which the other streams of the call join
  on.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any, TypeAlias

from ..errors import ConfigError, EncodeError
from ..redaction import Drop, KeyedHash, Mask, Rule, columns_after
from .cells import Cells, kinds_of
from .costs import CALL_COST, CELL_COST, ROW_COST
from .interop.numpy_arrays import listed

__all__ = ["Redactor"]

Row: TypeAlias = tuple[Any, ...]
Step: TypeAlias = Callable[[Row], Row | None]


class Redactor:
    """The rules of one stream; ``cells`` freezes what its functions return."""

    __slots__ = ("_cells", "_only_drops", "_steps", "_stream", "rules")

    def __init__(self, rules: tuple[Rule, ...], *, stream: str, cells: Cells) -> None:
        self.rules = rules
        self._stream = stream
        self._cells = cells
        self._only_drops = all(isinstance(rule, Drop) for rule in rules)
        self._steps: tuple[Step, ...] | None = None  # None until the features are known

    def __repr__(self) -> str:
        return f"<Redactor of {self._stream}, {len(self.rules)} rules>"

    def columns(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that are left. Raises EncodeError if a rule names an absent column."""
        try:
            return columns_after(self.rules, features)
        except ConfigError as error:
            text = str(error)
        raise self._failure(text)

    def redact(self, rows: Any, features: tuple[str, ...]) -> tuple[Any, int, int]:
        """Frozen rows without what the rules remove, their number, and their estimated bytes.

        The rows are a tuple of rows or an array; if a rule left rows out between others, a list of
        pairs: the index of the first row, and the rows from there on.
        """
        if self._only_drops and type(rows) is not tuple:
            places = [features.index(name) for name in self.columns(features)]
            # take() gives C order, which encoders can walk.
            rows = rows.take(places, axis=1)
            return rows, len(rows), CALL_COST + ROW_COST * len(rows) + rows.nbytes
        steps = self._steps
        if steps is None:
            # The features are fixed from here on. Two threads at once make the same plan.
            steps = self._steps = self._plan(features)
        runs: list[tuple[int, list[Row]]] = []
        kept = at = 0
        size = CALL_COST
        following = -1  # the index that continues the last run
        try:
            if type(rows) is not tuple:
                rows = [self._cells.row(row, kinds_of(row))[0] for row in map(tuple, listed(rows))]
            for index, row in enumerate(rows):
                for at, step in enumerate(steps):  # noqa: B007 - told below
                    row = step(row)
                    if row is None:
                        break
                else:
                    row, more = self._cells.row(row, kinds_of(row))
                    size += more + ROW_COST + CELL_COST * len(row)
                    kept += 1
                    if index != following:
                        runs.append((index, []))
                    runs[-1][1].append(row)
                    following = index + 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except EncodeError as error:  # our own error, about a row that a function returned
            text = (
                f"redact= {_name(self.rules[at])} returned a row that cannot be recorded: {error}"
            )
        except BaseException as error:  # a function can raise anything
            text = f"redact= {_name(self.rules[at])} raised {type(error).__name__}"
        else:
            if len(runs) == 1 and not runs[0][0]:
                return tuple(runs[0][1]), kept, size
            return [(first, tuple(some)) for first, some in runs], kept, size
        # Outside of the handlers, so that the exception's context does not lead to a cell.
        raise self._failure(text)

    # Rules as functions from row to row -------------------------------------------------------

    def _plan(self, features: tuple[str, ...]) -> tuple[Step, ...]:
        self.columns(features)
        steps: list[Step] = []
        left = features
        for rule in self.rules:
            if isinstance(rule, Drop):
                places = [place for place, name in enumerate(left) if name not in rule.columns]
                left = tuple([left[place] for place in places])
                steps.append(_taking(places))
            elif isinstance(rule, Mask):
                steps.append(_masking(_places(rule, left), rule.with_))
            elif isinstance(rule, KeyedHash):
                steps.append(_changing(_places(rule, left), rule))
            else:
                steps.append(self._calling(rule, left))
        return tuple(steps)

    def _calling(
        self, rule: Callable[[dict[str, Any]], dict[str, Any] | None], columns: tuple[str, ...]
    ) -> Step:
        known = set(columns)

        def step(row: Row) -> Row | None:
            found = rule(dict(zip(columns, row, strict=True)))
            if found is None:
                return None
            if type(found) is not dict:
                if isinstance(found, CoroutineType):
                    found.close()  # else Python warns that it was never awaited
                raise EncodeError(f"it is of type {type(found).__name__}, not a dict or None")
            if found.keys() != known:
                # Only known names are shown: the others can be made of cells.
                lost = [name for name in columns if name not in found]
                more = len(found.keys() - known)
                raise EncodeError(
                    f"it has {more} unknown columns" if more else f"it lacks {', '.join(lost[:6])}"
                )
            row = tuple([found[name] for name in columns])
            return self._cells.row(row, kinds_of(row))[0]

        return step

    def _failure(self, text: str) -> EncodeError:
        return EncodeError(f"{self._stream}: {text}", reason="redact")


def _places(rule: Mask | KeyedHash, columns: tuple[str, ...]) -> list[int]:
    return [columns.index(name) for name in rule.columns]


def _taking(places: list[int]) -> Step:
    return lambda row: tuple([row[place] for place in places])


def _masking(places: list[int], value: Any) -> Step:
    return _changing(places, lambda cell: value)


def _changing(places: list[int], change: Callable[[Any], Any]) -> Step:
    def step(row: Row) -> Row:
        cells = list(row)
        for place in places:
            cells[place] = change(cells[place])
        return tuple(cells)

    return step


def _name(rule: Rule) -> str:
    """The name of a rule; the repr of a partial would show its arguments."""
    return str(getattr(rule, "__qualname__", type(rule).__qualname__))
