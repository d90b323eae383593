"""Measurements: an endpoint under load, what a row costs (bench), the face-off, and spikes."""
