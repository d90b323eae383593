"""What is asked for, checked once; what is told beside the rows."""
