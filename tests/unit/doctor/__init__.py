"""doctor: the table of its checks, and what gathers facts on this machine."""
