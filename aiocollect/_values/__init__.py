"""What a row is: immutable cells, the shape of rows, redaction. Pure."""
