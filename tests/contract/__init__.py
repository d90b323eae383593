"""What a real storage account must show, and the emulator cannot. See real-account.md."""
