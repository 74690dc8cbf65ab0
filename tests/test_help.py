"""What `--help` prints: every command has an example and fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import converter.cli
import memnet.cli
import validation.cli

Command = Callable[[Sequence[str]], int]
COMMANDS: list[tuple[Command, str]] = [
    (converter.cli.main, ""),
    (memnet.cli.main, ""),
    *((memnet.cli.main, name) for name in memnet.cli.COMMANDS),
    *((validation.cli.main, name) for name in ("", "page", "record")),
]


@pytest.mark.parametrize(("main", "name"), COMMANDS)
def test_help_fits_a_terminal(
    main: Command, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main([*name.split(), "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any(line.startswith("example") for line in lines) or (main, name) == (
        memnet.cli.main,
        "",
    )


@pytest.mark.parametrize("main", [converter.cli.main, memnet.cli.main, validation.cli.main])
def test_version_is_told(main: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.split()[-1] == converter.__version__
