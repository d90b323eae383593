"""How rows are written. Pure: an encoder knows rows and columns, never a path or a store."""

from .csv import CsvEncoder
from .jsonl import JsonlEncoder
from .mdc import MdcEncoder

__all__ = ["CsvEncoder", "JsonlEncoder", "MdcEncoder"]
