"""Files that are read whole or appended to, where an operator named them."""
