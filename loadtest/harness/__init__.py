"""What the measurements share: child processes, a stage with the emulator, audit, latencies."""
