"""What a real storage account must show, and the emulator cannot. See docs/real-account.md."""
