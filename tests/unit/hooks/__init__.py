"""The hooks, and the log that one of them writes."""
