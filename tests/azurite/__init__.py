"""The real storage emulator: how to start it, a proxy that makes faults, and tests on both."""
