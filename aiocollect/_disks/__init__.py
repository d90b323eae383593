"""The disks that a spool can be on: this machine's, and one in memory with faults by script."""
