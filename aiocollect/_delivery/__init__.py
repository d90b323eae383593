"""From the ring to final: rows are encoded, coalesced, sent to the store and settled."""
