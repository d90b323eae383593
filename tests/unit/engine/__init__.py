"""The scoring path's side of the engine."""
