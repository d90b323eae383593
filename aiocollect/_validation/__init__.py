"""User input, checked once: addresses, names of columns, variables, numbers."""
