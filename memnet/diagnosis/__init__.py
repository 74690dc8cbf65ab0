"""Whether a port is fed rightly: the usual mistakes, and which of them gives the scores at hand."""
