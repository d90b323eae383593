"""A stand-in for the blob service, by its documentation, and what must become of each answer."""
