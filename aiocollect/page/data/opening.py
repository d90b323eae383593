"""Opens what the data page shows: a store, by the options of read()."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ... import ConfigError
from ...reading import open_catalog
from .calls import Calls
from .copies import Copies
from .known import DAYS, KnownData
from .reader import DataReader

__all__ = ["open_data"]

# Of the options of read(), those that open the store; the others say where in it the rows are.
_OPENING: Final = ("container", "credential", "store_options")


def open_data(
    where: Mapping[str, Any], *, values: bool, baseline: int, log_key: str | None
) -> DataReader:
    """What reads the store that ``where`` names, which is not asked for anything yet. ``values``:
    cells may leave. ``baseline``: days to compare with. Raises ConfigError."""
    if not 1 <= baseline < DAYS:
        raise ConfigError(f"--baseline {baseline} is not a number of days from 1 to {DAYS - 1}")
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise ConfigError('the data page needs pyarrow: pip install "aiocollect[read]"') from None
    rest = dict(where)
    store = rest.pop("store")
    how = {name: rest.pop(name) for name in _OPENING if name in rest}
    inner = open_catalog(store, **how)
    copies = Copies(lambda: inner)
    known = KnownData(Calls(copies, rest, log_key=log_key), baseline=baseline, values=values)
    name = getattr(inner, "target", None) or type(inner).__name__
    return DataReader(known, store=name, closes=copies.close)
