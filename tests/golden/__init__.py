"""What a release leaves on disks and in stores, kept for the tests of every later one."""
