"""The load test's own tests: its oracles can fail, and its figures are what they say."""
