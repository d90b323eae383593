"""What tests stand on: child processes; the emulator and the proxy have tests in tests/azurite."""
