"""What the page costs the server that it shows."""
