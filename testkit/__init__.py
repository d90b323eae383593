"""The storage emulator, a proxy that makes faults, and processes: for tests and load tests."""
