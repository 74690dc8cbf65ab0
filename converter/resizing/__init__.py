"""Image resizing by the rule of whoever trained the net: MATLAB, OpenCV, Pillow, or the pycaffe of 2015."""
