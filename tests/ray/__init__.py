"""Ray Serve, in an environment of its own: two replicas, one file."""
