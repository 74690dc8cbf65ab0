"""The few modules that torch lacks, one class per file.

A file's text below its imports is copied into `model.py` wherever the class is used, so each file needs only torch,
and reads well on its own.
"""
