"""Those that a port is compared with: OpenCV, Caffe itself, and recordings of it."""
