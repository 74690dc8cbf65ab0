"""The network alone: every blob beside every judge's, the layer at fault, and what its mistake may be."""
