"""Properties that hold for any input, over generated ones."""
