"""Commands whose reader has gone, as `head` does when it has its lines."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMANDS = {
    "memnet.cli": ["train", "--list"],
    "validation": ["record"],
}


@pytest.mark.parametrize("module", COMMANDS)
def test_reader_that_has_gone_ends_a_command_without_a_word(module: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", module, *COMMANDS[module]],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
