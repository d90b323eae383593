"""The storage emulator, a proxy that makes faults, certificates, and child processes."""
