"""What a row is: cells that nobody can change, the shape of rows, redaction. Pure."""
