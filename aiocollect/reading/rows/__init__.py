"""The rows of one stream of a plan, as Arrow tables."""
