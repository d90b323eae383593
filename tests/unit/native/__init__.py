"""The native core: how it is built, and chosen."""
