"""Records of Azure ML's model data collector as rows. Pure.

A record is a CloudEvent, and its ``data`` a list of objects, one for each row of the call. Azure
ML's preprocessor makes rows of them as this does (azureml-assets,
model_data_collector_preprocessor: ``posexplode(data)``), but for the id: there it is
``<correlationid>_<index>``, here id and index stay two columns, so that streams are joined as
everywhere. Payloads that are no list are one row;
what is no object is in the column ``data``. A record whose data lies elsewhere (``dataref``), or
that has no id, is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from ...typing import METADATA

__all__ = ["exploded"]

ID, TIME, ROW = METADATA
DATA: Final = "data"


def exploded(records: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The rows, and how many records are left out."""
    rows = []
    left_out = 0
    for record in records:
        correlation_id, data = record.get("correlationid"), record.get(DATA)
        if type(correlation_id) is not str or data is None:
            left_out += 1
            continue
        time = _time(record.get("time"))
        for index, row in enumerate(data if type(data) is list else [data]):
            cells = row if type(row) is dict else {DATA: row}
            # Ours come last: no cell of a payload takes their place.
            rows.append({**cells, ID: correlation_id, TIME: time, ROW: index})
    return rows, left_out


def _time(text: Any) -> str | None:
    """UTC, as our files have it; None where it is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")
