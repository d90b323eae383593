"""Streams side by side, row by row: inputs, predictions, the latest labels."""
