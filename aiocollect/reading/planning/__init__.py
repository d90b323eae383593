"""Lists what is there: the plan of a request, and the streams of a store."""
