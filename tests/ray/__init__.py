"""Ray, in an environment of its own: two replicas that share a file, a day that two workers read."""
