"""The spool on the disk: its format, its journals, and how they are recovered."""
