"""`diagnose`: is a port being fed rightly? Scores the same pictures rightly and with each usual mistake, and compares.

A network that is fed wrongly gives no error: it gives scores, often ones that hardly differ. The mistakes leave traces
in how far the scores spread over pictures, and each leaves its own in the scores of single pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..crops import Crops, Floats
from ..images import Pixels
from ..network import Doubles, Network
from .feedings import ALL_RIGHT, Feeding, feedings

if TYPE_CHECKING:
    import torch

    from ..network import Rule

SAME = 0.02
"""Root mean square difference of single scores, as a share of their spread, below which two runs fed alike.

Another library's JPEG decoder or rounding of a resize moves scores by up to about a hundredth of their spread."""

SMALL = 0.05
"""Share of the right feeding's spread below which scores hardly differ: no ranking rests on them."""

CENTRE = 4
"""Of ten crops."""

Log: TypeAlias = "Callable[[int], None]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """The scores that one feeding gives, float32 (pictures, crops), with the centre's at 4 of 10 or 0 of 1."""

    feeding: Feeding
    scores: Floats

    @property
    def has_ten(self) -> bool:
        """Whether there are ten crops."""
        return len(self.scores[0]) == 10

    def of(self, crops: Crops) -> Floats:
        """Return (pictures,): the central crop's scores, or the averages of ten where there are ten."""
        if crops == "ten" and self.has_ten:
            mean: Doubles = self.scores.mean(1, dtype=np.float64)
            return mean.astype(np.float32)
        central: Floats = self.scores[:, CENTRE if self.has_ten else 0]
        return central

    def sd(self, crops: Crops) -> float:
        """Return the standard deviation over pictures."""
        return float(self.of(crops).std(dtype=np.float64))

    def part_sds(self) -> Doubles:
        """Return the standard deviation over pictures of each crop by itself."""
        sds: Doubles = self.scores.std(0, dtype=np.float64)
        return sds

    def within(self) -> float:
        """Return the average standard deviation over the crops of a picture; 0 where there is one crop."""
        return float(self.scores.std(1, dtype=np.float64).mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """What a run gave that is to be judged."""

    source: str
    """Where the numbers are from, for people."""
    crops: Crops
    sd: float
    scores: Floats | None = None
    """float32 (pictures,) of the very pictures, where they are known; they tell more than a spread."""
    ten_sd: float | None = None
    """The spread of the same run's averages of ten crops, where that is known, too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """How near a feeding comes to what was observed."""

    spread: Spread
    distance: float
    """Of single scores: root mean square difference over the feeding's spread. Of spreads: |log of their ratio|."""
    alike: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What was measured, and what it says; `matches` begins with the nearest."""

    spreads: tuple[Spread, ...]
    observed: Observed
    matches: tuple[Match, ...]

    @property
    def right(self) -> Spread:
        """The right feeding's scores."""
        return self.spreads[0]

    @property
    def alike(self) -> tuple[str, ...]:
        """The names of the feedings that give what was observed, the nearest first."""
        return tuple(match.spread.feeding.name for match in self.matches if match.alike)

    @property
    def is_right(self) -> bool:
        """Whether nothing speaks against the right feeding, be its centre pycaffe's or MATLAB's."""
        return not ALL_RIGHT.isdisjoint(self.alike) and not self.is_impossible

    @property
    def is_impossible(self) -> bool:
        """Whether the run's ten crops spread wider than its one crop, by more than crops of one feeding can."""
        if self.observed.ten_sd is None:
            return False
        centre, widest = self.right.sd("center"), float(self.right.part_sds().max())
        chance = tolerated(len(self.right.scores))
        return self.observed.ten_sd * centre > self.observed.sd * max(centre, widest) * chance


def measure(
    model: torch.nn.Module, rule: Rule, images: Sequence[Pixels], log: Log = lambda _: None
) -> tuple[Spread, ...]:
    """Score every picture in every feeding of the net that `rule` is for; `log` is called with 1 after each picture."""
    network = _network(model, rule)
    found = {feeding: list[Floats]() for feeding in feedings(rule)}
    for image in images:
        for feeding, scores in found.items():
            scores.append(_scores(network, feeding.feed(image)))
        log(1)
    return tuple(
        Spread(feeding=feeding, scores=np.stack(scores)) for feeding, scores in found.items()
    )


def own_run(model: torch.nn.Module, rule: Rule, images: Sequence[Pixels], crops: Crops) -> Observed:
    """Return what `memnet predict` gives these pictures with this rule."""
    from ..scoring import predict

    scores = predict(model, images, crops, preprocess=rule)
    return Observed(
        source="this run", crops=crops, sd=float(scores.std(dtype=np.float64)), scores=scores
    )


def diagnose(spreads: Sequence[Spread], observed: Observed) -> Diagnosis:
    """Compare what was observed with every feeding's scores; the first spread is the right one's."""
    matches = [_match(spread, observed) for spread in spreads]
    return Diagnosis(
        spreads=tuple(spreads),
        observed=observed,
        matches=tuple(sorted(matches, key=lambda match: match.distance)),
    )


def tolerated(pictures: int) -> float:
    """Return the factor between two spreads that chance explains.

    The logarithm of a standard deviation over n pictures has itself a deviation of about 1 / sqrt(2 (n - 1)); two of
    those are allowed, for the observed spread may be that of other pictures.
    """
    return float(np.exp(2 / np.sqrt(2 * max(1, pictures - 1))))


def _match(spread: Spread, observed: Observed) -> Match:
    if (
        observed.crops == "ten" and not spread.has_ten
    ):  # a feeding without ten crops cannot have given their average
        return Match(spread=spread, distance=float("inf"), alike=False)
    scores, sd = spread.of(observed.crops), spread.sd(observed.crops)
    if observed.scores is None:
        distance = _log_ratio(observed.sd, sd)
        return Match(
            spread=spread, distance=distance, alike=distance <= np.log(tolerated(len(scores)))
        )
    difference = np.sqrt(np.mean(np.square(observed.scores - scores, dtype=np.float64)))
    step = float(np.spacing(np.abs(scores).max()))  # scores that are all alike have no spread
    distance = float(difference) / max(sd, step / SAME)
    return Match(spread=spread, distance=distance, alike=distance <= SAME)


def _log_ratio(first: float, second: float) -> float:
    if not (first > 0 and second > 0):
        return 0.0 if first == second else float("inf")
    return abs(float(np.log(first / second)))


def _network(model: torch.nn.Module, rule: Rule) -> Network:
    from ..networks.fast import best

    return Network(model=best(model), rule=rule)


def _scores(network: Network, fed: Floats) -> Floats:
    """Return each crop's own score, float32 (crops,)."""
    return network.run([part[None] for part in fed]).scores
