"""The manifest beside an output: by what it was made, so that a run that goes on can only go on by the same rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from converter.errors import FileFormatError, OutputError

from ..choice import Identity

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What was asked of a run; `inputs_sha256` only where the output's rows are numbered by the inputs."""

    identity: Identity
    inputs_sha256: str | None = None
    inputs: str = "images"
    """What that hash is of, for people."""

    def to_json(self) -> str:
        """Return the manifest's text."""
        from converter import __version__

        record: dict[str, object] = {"format": FORMAT, "version": __version__}
        record |= asdict(self.identity) | {"inputs_sha256": self.inputs_sha256}
        return json.dumps(record, indent=2) + "\n"

    def check(self, text: bytes, where: str | Path, output: str | Path) -> None:
        """Refuse to go on with an output whose manifest (its text, read from `where`) differs.

        Raises:
            OutputError: with all differences.
            FileFormatError: the text is no manifest.
        """
        try:
            record: Mapping[str, object] = json.loads(text)
            names = [field.name for field in fields(Identity) if field.name in record]
            begun = Identity(**{name: record[name] for name in names})  # type: ignore[arg-type]
            inputs = record["inputs_sha256"]
        except (ValueError, KeyError, TypeError) as error:
            raise FileFormatError(f"{where}: is no manifest of memnet predict ({error})") from error
        different = begun.differences(self.identity)
        if inputs != self.inputs_sha256:
            different.append(f"other {self.inputs}")
        if different:
            raise OutputError(
                f"{output}: was begun with {'; '.join(different)}; "
                "take those settings, another --out, or --force to begin again"
            )


def write_whole(path: Path, text: str) -> None:
    """Write a small file that is complete or absent. Raises OutputError."""
    from .outputs import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
