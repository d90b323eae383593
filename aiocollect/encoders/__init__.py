"""How rows are written. Pure: an encoder knows rows and columns, never a path or a store."""

from .._public import publish
from .csv import CsvEncoder
from .jsonl import JsonlEncoder
from .mdc import MdcEncoder

__all__ = ["CsvEncoder", "JsonlEncoder", "MdcEncoder"]

publish(__name__, CsvEncoder, JsonlEncoder, MdcEncoder)
