"""The test suite; CONTRIBUTING.md says which part proves what."""
