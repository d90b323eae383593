"""The pure rooms of reading: where rows end, what cells are, whose a blob is, what is joined."""
