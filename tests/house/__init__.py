"""The house itself: layers, names, and pages that must say what the code says."""
