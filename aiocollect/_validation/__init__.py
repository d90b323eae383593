"""What people hand to us, checked once: addresses, names of columns, variables, numbers."""
