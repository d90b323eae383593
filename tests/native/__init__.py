"""The native core by itself: floats against two oracles, sanitizers, failing memory, odd calls."""
