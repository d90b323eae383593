"""The contract of a disk, on this machine and in memory."""
