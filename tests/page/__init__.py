"""The live page: who may see it, what it shows, its doors, and what a browser makes of it."""
