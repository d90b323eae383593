"""The test suite; tests.md says which part proves what, and which covers which room."""
