"""The kinds of files that are given as models, and what to do about each."""

from __future__ import annotations

from enum import Enum

__all__ = ["Kind"]


class Kind(Enum):
    """A kind of file; the value is what it is, and what to do about it where it is not a model."""

    BINARY_NET = "a binary Caffe net (.caffemodel)"
    TEXT_NET = "a Caffe net as text (.prototxt)"
    HDF5_WEIGHTS = "Caffe weights in HDF5 (.caffemodel.h5)"
    BINARY_MEAN = "a binary BlobProto (.binaryproto), as mean images are"
    NPY = "a NumPy array (.npy)"
    MAT = "a MATLAB file (.mat)"
    SOLVER_STATE = (
        "a solver state (.solverstate), which holds gradients; give the .caffemodel beside it"
    )
    HDF5_SOLVER_STATE = (
        "a solver state in HDF5 (.solverstate.h5), which holds gradients; "
        "give the .caffemodel.h5 beside it"
    )
    TEXT_SOLVER = "a solver definition; give the net that it names"
    TEXT = "text, but no Caffe net"
    EMPTY = "an empty file; the download failed, repeat it"
    LFS_POINTER = "a Git LFS pointer, not the file itself; fetch that with `git lfs pull`"
    HTML = "a web page; the link leads to a page or a warning, download the file behind it"
    JSON = "a JSON text, as servers answer with errors; check the link"
    XML = "an XML text, as servers answer with errors; check the link"
    UTF16 = "UTF-16 text; save it as UTF-8"
    GZIP = "a gzip archive; unpack it with `gunzip` first"
    BZIP2 = "a bzip2 archive; unpack it with `bunzip2` first"
    XZ = "an xz archive; unpack it with `unxz` first"
    ZSTD = "a zstd archive; unpack it with `unzstd` first"
    ZIP = "a zip archive; unpack it with `unzip` first"
    TAR = "a tar archive; unpack it with `tar xf` first"
    SEVEN_ZIP = "a 7z archive; unpack it with `7z x` first"
    RAR = "a rar archive; unpack it with `unrar x` first"
    IMAGE = "an image; images are input of a net, not a net"
    PYTORCH = "a PyTorch file (.pth); it needs no conversion from Caffe"
    PICKLE = "a Python pickle, which is not opened, for it can run code"
    NPZ = "a NumPy archive (.npz); save the one array as .npy"
    SAFETENSORS = "a safetensors file; it needs no conversion from Caffe"
    ONNX = "an ONNX model; it needs no conversion from Caffe"
    TENSORFLOW = "a TensorFlow graph; it is not a Caffe model"
    HDF5 = "an HDF5 file without Caffe's group /data; Keras models look like this"
    HDF5_DAMAGED = "a damaged or shortened HDF5 file; download it again"
    PYTHON = "a Python script; run it to get the model it writes"
    DIRECTORY = "a folder; give a file in it"
    SPECIAL = "a device or pipe; give a file"
    MISSING = "missing; check its name"
    UNREADABLE = "a file that may not be read; check its permissions"
    UNKNOWN = "of no known kind; if it should be a model, it is damaged or not Caffe's"
