"""What a dataset's rows are like, and how far two datasets are apart. Pure."""
