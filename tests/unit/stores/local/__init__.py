"""The directory store: its files, and its ledger of what was appended."""
