"""The suites on each Python and core, and with the oldest and newest of what we depend on."""
