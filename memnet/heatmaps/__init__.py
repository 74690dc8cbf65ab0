"""Where in a picture its memorability lies."""
