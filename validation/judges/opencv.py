"""OpenCV's own Caffe importer as a back end: another reading of the same files, float32.

It has been taken out of OpenCV 5. Layers that it computes otherwise than Caffe show as differences.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..traces import Array, Backend, NotRunError, Trace

if TYPE_CHECKING:
    from types import ModuleType

    from converter.conversion import Conversion


Shapes: TypeAlias = tuple[tuple[int, ...], ...]


def opencv_backend(conversion: Conversion) -> Backend:
    """Return cv2.dnn as a back end; raises NotRunError when run, where it cannot read the model.

    The net that it has read is kept for inputs of the same shapes.
    """
    kept: dict[Shapes, Any] = {}

    def run(inputs: Trace) -> Trace:
        cv2 = _opencv()
        log = cv2.utils.logging
        level = log.setLogLevel(log.LOG_LEVEL_SILENT)  # what it prints on stderr it raises as well
        try:
            return _forward(_kept(kept, cv2, conversion, inputs), conversion, inputs)
        except cv2.error as error:
            said = str(error).strip().splitlines()[0][:200]
            raise NotRunError(f"OpenCV {cv2.__version__} cannot run it: {said}") from error
        finally:
            log.setLogLevel(level)

    return run


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError:
        raise NotRunError(
            'OpenCV is not installed: pip install "opencv-python-headless<5"'
        ) from None
    if int(cv2.__version__.partition(".")[0]) >= 5:
        raise NotRunError(f"OpenCV {cv2.__version__} has no Caffe importer; version 4 has")
    return cv2


def _kept(kept: dict[Shapes, Any], cv2: Any, conversion: Conversion, inputs: Trace) -> Any:
    """Return the net for inputs of these shapes; one is held, for a net may have 200 MB of weights."""
    shapes = tuple(inputs[blob].shape for blob in conversion.net.inputs)
    if shapes not in kept:
        kept.clear()
        kept[shapes] = _read(cv2, conversion, inputs)
    return kept[shapes]


def _forward(net: Any, conversion: Conversion, inputs: Trace) -> Trace:
    for blob in conversion.net.inputs:
        net.setInput(inputs[blob].astype("f4"), blob)
    makers = _makers(conversion)
    layers = sorted({layer for layer, _ in makers.values()})
    made = dict(zip(layers, net.forwardAndRetrieve(layers), strict=True))
    return {
        blob: _shaped(made[layer][top], conversion, blob)
        for blob, (layer, top) in makers.items()
        if top < len(made[layer])
    }


def _makers(conversion: Conversion) -> dict[str, tuple[str, int]]:
    """Return blob -> the last layer that makes it, and as which of its tops.

    OpenCV keeps what each layer made, so the last in-place layer holds what Caffe's blob holds.
    """
    return {
        blob: (layer.name, top)
        for layer in conversion.net.layers
        if layer.role != "input"
        for top, blob in enumerate(layer.tops)
    }


def _shaped(array: Array, conversion: Conversion, blob: str) -> Array:
    """Return a blob with Caffe's number of axes, where OpenCV keeps or drops axes of one."""
    axes = len(conversion.net.shapes[blob])
    if array.ndim > axes and set(array.shape[axes:]) == {1}:
        return array.reshape(array.shape[:axes])
    return array


def _read(cv2: Any, conversion: Conversion, inputs: Trace) -> Any:
    weights = conversion.weights
    if weights is not None and weights.format == "HDF5":
        raise NotRunError("OpenCV does not read Caffe's HDF5")
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "deploy.prototxt"
        text.write_text(v2_text(conversion, inputs), encoding="utf-8")
        files = [str(text)] + ([str(weights.path)] if weights is not None else [])
        net = cv2.dnn.readNetFromCaffe(*files)
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
    net.enableFusion(False)
    net.enableWinograd(False)
    return net


def v2_text(conversion: Conversion, inputs: Trace) -> str:
    """Return the net as V2 text with an Input layer for each blob that is fed, in the shape that is fed."""
    from google.protobuf import text_format

    from converter.files.read_net import read_net
    from converter.upgrade import upgrade
    from protos import LayerParameter, NetParameter

    path = conversion.prototxt or conversion.model
    assert path is not None  # noqa: S101 (prepare has looked)
    proto, _ = upgrade(read_net(path))
    by_name = {layer.name: layer for layer in proto.layer}
    net = NetParameter(name=proto.name)
    for blob in conversion.net.inputs:
        fed = LayerParameter(name=blob, type="Input", top=[blob])
        fed.input_param.shape.add(dim=inputs[blob].shape)
        net.layer.append(fed)
    for layer in conversion.net.layers:
        if layer.role != "input":
            net.layer.append(by_name[layer.name])
    return text_format.MessageToString(net)
