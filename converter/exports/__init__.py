"""The written module as `model.onnx` and `model.pt2`; only this folder imports torch or ONNX to export."""
