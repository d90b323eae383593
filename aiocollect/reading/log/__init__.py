"""The log of a pipeline, read: lives and lanes, declared types, where blocks begin."""
