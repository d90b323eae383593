"""Ray, in an environment of its own: two replicas share a file, two workers read a day."""
