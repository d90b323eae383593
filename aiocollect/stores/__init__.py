"""Where append blobs live: in memory, in a directory, in Azure. Each adapter stands alone."""
