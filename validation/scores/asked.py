"""What a parity run was asked for about scores, with everything read that does not depend on the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import FileFormatError

from ..judges.opencv import opencv_backend
from ..judges.recording import SUFFIXES
from ..traces import Backend, NotRunError, reference_backend
from .faults import Scorer
from .feeds import Feed, original_rule, port_rule
from .images import Judge, backend_scorer, choose, port_scorer
from .reading import read_scores
from .recording import holds_scores
from .score_file import ScoreFile
from .source import Pictures, Sources

REFERENCE = "reference"

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from memnet.network import Rule


class Asked:
    """What is the same for every lot of images."""

    def __init__(
        self,
        conversion: Conversion | None,
        port: torch.nn.Module | None,
        against: Sequence[str | Path],
        sources: Sources,
        folder: Path | None,
        preprocess: Rule | None,
        back_end: Callable[[str], Backend] | None,
    ) -> None:
        self._back_end = back_end
        self.sources = sources
        self.conversion = conversion
        net = conversion.net if conversion is not None else None
        output = net.outputs[0] if net is not None and net.outputs else ""
        fed = net.inputs[0] if net is not None and net.inputs else ""
        self.rule = original_rule(conversion, preprocess) if conversion is not None else None
        self.why_not = _why_not(conversion, self.rule)
        self.net: Scorer | None = None
        self.own: Rule | Feed | None = None
        if not self.why_not and conversion is not None and port is not None and self.rule:
            self.net = port_scorer(port, conversion.net)
            self.own = port_rule(conversion, port, folder)
        self.files = {
            label: read_scores(path, output, fed) for label, path in sources.scores.items()
        }
        self.backends = [str(judge) for judge in against if not Path(judge).suffix]
        self.recordings: list[ScoreFile] = [
            read_scores(path, output, fed)
            for path in map(Path, against)
            if path.suffix == ".csv" or (path.suffix in SUFFIXES and holds_scores(path, output))
        ]

        _check_names([*self.files, *self.backends, *(file.path.name for file in self.recordings)])

    @property
    def port_is_file(self) -> bool:
        """Whether the port's scores are given, so that the port is run for the network alone."""
        return "port" in self.files

    @property
    def from_files(self) -> bool:
        """Whether all scores are given, so that no image is run."""
        judged = not self.backends and bool(self.recordings)
        return self.port_is_file and ("original" in self.files or judged)

    @property
    def looks_for_images(self) -> bool:
        """Whether images must be there."""
        return not self.from_files and not self.why_not and self.net is not None

    def why_no_run(self, pictures: Pictures) -> str:
        """Return why these pictures cannot be run; "" where they can."""
        if not any(pictures.paths):
            return "there are scores but no images; give --images or --data"
        return self.why_not or ("" if self.net is not None else "no port is given")

    def _backend(self, name: str, conversion: Conversion) -> Backend | None:
        """Return a back end; None where there is none of that name, which the comparison of blobs tells."""
        if name == REFERENCE:
            return reference_backend(conversion)
        if self._back_end is None:
            return opencv_backend(conversion) if name == "opencv" else None
        try:
            return self._back_end(name)
        except NotRunError:
            return None

    def judges(self, count: int) -> Iterator[Judge]:
        """Yield the back ends, each with the images that it is to score; the float64 reference has time for a few."""
        if self.conversion is None:
            return
        for name in self.backends:
            if (backend := self._backend(name, self.conversion)) is not None:
                most = self.sources.judged if name == REFERENCE else count
                yield Judge(
                    name=name,
                    scorer=backend_scorer(backend, self.conversion),
                    places=choose(count, most, self.sources.seed),
                )


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise FileFormatError(
            f"{twice[0]!r} names two sets of scores; rename a file or give it another label"
        )


def _why_not(conversion: Conversion | None, rule: Rule | None) -> str:
    """Return why images cannot be scored by this model; "" where they can."""
    if conversion is None:
        return "no model is given"
    net = conversion.net
    if rule is None:
        return "the net does not take one image"
    sizes = [prod(net.shapes[blob][1:]) for blob in net.outputs]
    if sizes != [1]:
        told = ", ".join(f"{name!r} with {n:,}" for name, n in zip(net.outputs, sizes, strict=True))
        return f"the net gives no single score for an image, but {told} numbers"
    return ""
