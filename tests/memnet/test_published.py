"""Recognising the published file: three answers, and "published" is never claimed from the size without saying so."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from memnet import published
from memnet.published import Origin, recognise


@pytest.fixture
def as_published(full_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The rule's file, taken for the published one, which cannot be had."""
    monkeypatch.setattr(published, "BYTES", full_file.stat().st_size)
    return full_file


def test_size_and_table_alone_say_so(as_published: Path) -> None:
    found = recognise(as_published)
    assert (found.origin, found.proved) == (Origin.PUBLISHED, False)
    assert str(found).startswith(
        "seems to be the published MemNet (by its size and layer table alone"
    )


def test_hash_proves(as_published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with as_published.open("rb") as file:
        monkeypatch.setattr(published, "SHA256", hashlib.file_digest(file, "sha256").hexdigest())
    found = recognise(as_published, sha256=True)
    assert (found.origin, found.proved) == (Origin.PUBLISHED, True)
    assert str(found) == "the published MemNet (by its SHA-256)"


def test_another_hash_is_another_file(as_published: Path) -> None:
    found = recognise(as_published, sha256=True)
    assert found.origin is Origin.SAME_TOPOLOGY
    assert "its SHA-256 is bb18288726cc" in str(found)


def test_another_size_is_another_file(full_file: Path) -> None:
    found = recognise(full_file)
    assert found.origin is Origin.SAME_TOPOLOGY
    assert "227,490,431 bytes, the published file has 227,491,118; it calls itself 'MemNet'" in str(
        found
    )


def test_another_net_is_not_memnet(shared: Path) -> None:
    found = recognise(shared / "goldens/nets/memnet_thin/net.caffemodel")
    assert found.origin is Origin.NOT_MEMNET
    assert "layer 'conv1': blob 0 has shape (12, 3, 11, 11)" in found.evidence


def test_no_model_is_not_memnet(tmp_path: Path) -> None:
    path = tmp_path / "memnet.caffemodel"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:3ee5\nsize 227491118\n")
    found = recognise(path)
    assert found.origin is Origin.NOT_MEMNET
    assert "Git LFS pointer" in found.evidence


def test_published_numbers_are_those_of_record() -> None:
    assert published.BYTES == 227_491_118
    assert published.SHA256.startswith("3ee5d693893d70500b0f")
    assert len(published.SHA256) == 64
