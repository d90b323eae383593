"""The disks for a spool: that of this machine, and one in memory with faults by script."""
