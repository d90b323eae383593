"""The asyncio shell around the core: it acts, and decides nothing that the core could decide."""
