"""verify(): what the log and the bytes say of one another, and the verdict."""
