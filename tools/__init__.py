"""Tools of the build: the audit of dependencies, the check of the wheel."""
