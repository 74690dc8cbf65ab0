"""Human consistency: how well the scores of one half of the people predict those of the other.

Who answered what is rarely published, but counts are. A random half of an image's responses then has a hypergeometric
number of its hits; halves are drawn for each image alone, which people who saw many images would not change much:
MemCat's counts give the published 0.78 this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .correlation import rho_of
from .results import Consistency
from .vectors import vectors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def consistency(
    hits: ArrayLike, responses: ArrayLike, *, halves: int = 25, seed: int = 0
) -> Consistency:
    """Return the rank correlation of random halves, 25 as Khosla et al. took.

    Raises:
        ValueError: counts that are not whole, more hits than responses, fewer than two responses to an image, fewer
            than two halves, or halves whose hit rates are all equal.
    """
    counts = vectors(hits=hits, responses=responses)
    found, given = (np.asarray(values, np.int64) for values in counts)
    if any((values != np.floor(values)).any() for values in counts):
        raise ValueError("hits and responses must be whole numbers")
    if (found < 0).any() or (found > given).any() or (given < 2).any():
        raise ValueError("each image needs two responses at least, and no more hits than responses")
    if halves < 2:
        raise ValueError(f"halves must be 2 at least, found {halves}")
    generator = np.random.default_rng(seed)
    size = given // 2
    values = []
    for _ in range(halves):
        first = generator.hypergeometric(found, given - found, size)
        rho = rho_of(first / size, (found - first) / (given - size))
        if rho is None:
            raise ValueError("all hit rates of a half are equal, so consistency is undefined")
        values.append(rho)
    mean = float(np.mean(values))
    corrected = 2 * mean / (1 + mean) if mean > -1 else -1.0
    return Consistency(
        splits=halves,
        rho=mean,
        sd=float(np.std(values, ddof=1)),
        spearman_brown=corrected,
        ceiling=max(0.0, corrected) ** 0.5,
    )
