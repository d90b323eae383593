"""How a pipeline's events reach the hooks of users, and the log."""
