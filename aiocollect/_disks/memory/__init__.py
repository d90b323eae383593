"""A disk in memory: processes are killed, power is cut, calls fail or hang by script."""

from .disk import DiskProcess, MemoryDisk
from .faults import Crashed, DiskCall, DiskFault

__all__ = ["Crashed", "DiskCall", "DiskFault", "DiskProcess", "MemoryDisk"]
