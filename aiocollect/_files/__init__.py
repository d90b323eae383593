"""Files: what is read and written beside the stores and the spool, and what their locks need."""
