"""What a pipeline promises, through its public names, mostly in virtual time."""
