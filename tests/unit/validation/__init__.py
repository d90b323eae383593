"""What people hand to us, and what is refused of it."""
