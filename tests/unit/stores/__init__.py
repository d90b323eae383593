"""Each store's own rules; the protocol that they share is tested on the emulator too."""
