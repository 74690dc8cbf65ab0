"""Bytes on disk: what a file is, its net without blobs, its weights and means; safetensors written."""
