"""Options: of the constructor, of the environment, of a collector."""
