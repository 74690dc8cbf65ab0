"""What `parity-check` does: judge a port, print the recording script, draw a page."""
