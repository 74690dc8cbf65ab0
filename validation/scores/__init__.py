"""Scores of images by port and original: preprocessing, network and both, and all that is measured of them."""
