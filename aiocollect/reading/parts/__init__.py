"""Which blobs are whose parts, of which time, and how long each is in a plan. Pure."""
