"""Values and cells: what a row is made of."""
