"""The pure core: ring, lane, accumulator, ids."""
