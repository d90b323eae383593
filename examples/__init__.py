"""Examples. Each can be copied alone, and is run by a test in tests/demo or tests/integrations."""
