"""Bugs of values: under another name or day, with other digits, raised, or walked in vain."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["VALUES"]

VALUES: Final[list[Mutant]] = [
    Mutant(
        "a table is read before its rows are counted",
        "own: a frame of a million rows held the loop for seven seconds, to be refused",
        "_values/shape.py",
        "        self._refuse_above(estimate(table.rows, width) + table.size)\n        whole",
        "        table.read(self._stream)\n"
        "        self._refuse_above(estimate(table.rows, width) + table.size)\n        whole",
        ("large values",),
        "bytes were taken to refuse it",
    ),
    Mutant(
        "a nested value is charged when it is frozen",
        "own: a cell of a million elements is copied, to be refused",
        "_values/cells.py",
        "        self._charge(NESTED_COST * len(cells))\n"
        "        return tuple([self.cell(one, depth + 1) for one in cells])\n",
        "        found = tuple([self.cell(one, depth + 1) for one in cells])\n"
        "        self._charge(NESTED_COST * len(cells))\n        return found\n",
        ("large values",),
        "bytes were taken to refuse it",
    ),
    Mutant(
        "what is said of a call is trusted",
        "own: at= of a class that raises makes collect() raise",
        "_engine/recorder.py",
        "        except BaseException as error:  # objects given as at=, row= or id may raise\n",
        "        except ZeroDivisionError as error:\n",
        ("hostile values",),
        "Panic",
    ),
    Mutant(
        "only Exceptions are met while rows are guessed",
        "own: a value whose shape raises a panic of a native library",
        "_engine/stamps.py",
        "    except BaseException:  # methods of a value can raise anything\n        return 1\n",
        "    except Exception:\n        return 1\n",
        ("hostile values",),
        "Panic",
    ),
    Mutant(
        "order counts where labels are of another class of text",
        "LightAutoML#45",  # names of numpy's are no str to isinstance-free checks
        "_validation/columns.py",
        "    if isinstance(name, str):\n        return str.__str__(name)\n",
        "",
        ("forms",),
        "under any class of text",
    ),
    Mutant(
        "labels that are bytes are no names",
        "own: frames of h5py went by the order of their columns",
        "_validation/columns.py",
        "            return bytes.decode(name)\n",
        "            return None\n",
        ("forms",),
        "under_bytes",
    ),
    Mutant(
        "a missing value is asked whether it is itself",
        "own: rows of pandas' nullable dtypes were refused",
        "_values/interop/pandas_frames.py",
        "    if text or (kind.kind ==",
        "    if getattr(kind, 'na_value', None) != getattr(kind, 'na_value', None):\n"
        "        return list(data)\n"
        "    if text or (kind.kind ==",
        ("forms",),
        "TypeError",
    ),
    Mutant(
        "records within an array are the cells of one row",
        "own: two records were stored as two cells of JSON",
        "_values/rows.py",
        "    cells = read()\n",
        "    return None\n",
        ("forms",),
        "pass a DataFrame",
    ),
    Mutant(
        "missing text is NaN",
        "man-group/arctic#157",  # None, NaN and NaT of object columns
        "_values/rows.py",
        "        for at, row in enumerate(rows):\n            cell = row[place]\n",
        "        for at, row in enumerate(rows[:0]):\n            cell = row[place]\n",
        ("forms",),
        "instead of None",
    ),
    Mutant(
        "single precision with the digits of double",
        "own: 0.1 is stored as 0.10000000149011612",
        "_values/interop/exact.py",
        "    return [None if value is None else narrow(value, bits) for value in values]\n",
        "    return list(values)\n",
        ("forms",),
        "instead of",
    ),
    Mutant(
        "a list of rows of a frame by position",
        "own: cells under the wrong name, in silence",
        "_values/rows.py",
        "        labels = None if one_column else column.labels()\n",
        "        labels = None\n",
        ("forms",),
        "instead of",
    ),
]
