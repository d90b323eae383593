"""What gathers facts: here alone doctor reads a file, opens a connection or asks for the time.

Each step has a limit of its own, so that nothing that hangs keeps the others from being told.
"""
