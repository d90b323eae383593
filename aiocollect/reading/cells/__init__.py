"""What the bytes of a part say: where rows end, what a cell is, which type holds a column. Pure."""
