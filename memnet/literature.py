"""Figures that others have published, each with its source. They are never mixed with measured ones.

    for figure in figures(model="MemNet", data="LaMem"):
        print(figure.quantity, figure.value, figure.source)

A note says where a figure disagrees with the data, what it leaves open, and `reported` where the source was not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

KHOSLA = "Khosla et al., ICCV 2015"
MEMCAT = "Goetschalckx and Wagemans, PeerJ 2019"
POST_1 = "Needell, 'MemNet: Models for Predicting Image Memorability', 2020"
POST_2 = "Needell, 'ResMem Release', 2021"
POST_3 = "Needell, 'ResMem and M3M', 2021"
POST_4 = "Needell, 'Comparing ResMem and MemNet', 2021"
NEEDELL = "Needell and Bainbridge, Computational Brain & Behavior 2022"
AMNET = "Fajtl et al., CVPR 2018"

RHO = "Spearman's rho"
MIXED = "LaMem + MemCat"
FACES = "10k US Adult Faces"
REPORTED = "reported; the source was not seen"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One published number."""

    model: str
    """Or whose it is otherwise: `people`, `truth`."""
    data: str
    quantity: str
    value: float
    unit_or_form: str
    """How the number is stated, such as `mean of 5 splits`."""
    source: str
    note: str = ""


def figures(model: str | None = None, data: str | None = None) -> tuple[Figure, ...]:
    """Return the published figures, on request those of one model or one data set, by their exact names."""
    return tuple(
        figure
        for figure in PUBLISHED
        if model in {None, figure.model} and data in {None, figure.data}
    )


def _figure(
    model: str, data: str, quantity: str, value: float, form: str, source: str, note: str = ""
) -> Figure:
    return Figure(
        model=model,
        data=data,
        quantity=quantity,
        value=value,
        unit_or_form=form,
        source=source,
        note=note,
    )


_FIVE = "mean of 5 splits"
_HALVES = "mean of 25 random halves of the people"
_HELD_OUT = "one held-out part"
_WITHOUT = "false alarms not taken off, as in the labels that were released"
_PLOT = "read off a plot; the released labels have mean 0.754 and standard deviation 0.124 (test_1)"
_FED = (
    "no average of crops varies more than its crops, so one crop and ten were fed differently; "
    "pixels in 0 to 1 without the mean give about this"
)
_BELOW_NOISE = (
    "answers of some 38 people leave an error of 0.067 (root of the mean square) to a perfect model; "
    "whether this is a root or a mean absolute error is not said"
)

PUBLISHED = (
    _figure("MemNet", "LaMem", RHO, 0.57, _FIVE, KHOSLA, _WITHOUT),
    _figure("MemNet", "LaMem, false alarms taken off", RHO, 0.64, _FIVE, KHOSLA),
    _figure("Hybrid-CNN fc6, SVR", "LaMem", RHO, 0.54, _FIVE, KHOSLA, _WITHOUT),
    _figure("HOG2x2", "LaMem", RHO, 0.40, _FIVE, KHOSLA, _WITHOUT),
    _figure("MemNet", "LaMem", RHO, 0.565, "about", POST_1, "which split or images is not said"),
    _figure("MemNet", "LaMem", "mean of scores", 0.725, "about; one crop", POST_1),
    _figure("MemNet", "LaMem", "standard deviation of scores", 0.0025, "one crop", POST_1, _FED),
    _figure(
        "MemNet",
        "LaMem",
        "standard deviation of scores",
        0.08,
        "ten crops",
        POST_1,
        "about what the net gives when it is fed rightly, with one crop or ten",
    ),
    _figure("truth", "LaMem", "mean of labels", 0.725, "about", POST_1, _PLOT),
    _figure("truth", "LaMem", "standard deviation of labels", 0.15, "about", POST_1, _PLOT),
    _figure("MemNet", "MemCat", RHO, 0.22, "all of MemCat", POST_4),
    _figure("MemNet in PyTorch", "LaMem", RHO, 0.56, "best of a sweep", POST_1),
    _figure("MemNet in PyTorch", MIXED, RHO, 0.55, _HELD_OUT, POST_4),
    _figure(
        "MemNet in PyTorch",
        MIXED,
        "mean squared error",
        0.012,
        _HELD_OUT,
        POST_4,
        "about the error of a constant, the variance of the labels: 0.015",
    ),
    _figure("ResMem", MIXED, RHO, 0.67, "upper end of 0.66 to 0.67; best of a sweep", POST_1),
    _figure("ResMem", MIXED, RHO, 0.67, _HELD_OUT, NEEDELL),
    _figure(
        "ResMemRetrain",
        MIXED,
        RHO,
        0.64,
        _HELD_OUT,
        POST_2,
        "the model that was released; on LaMem and MemCat mixed, not by LaMem's protocol",
    ),
    _figure("ResMemRetrain", MIXED, "mean squared error", 0.009, _HELD_OUT, POST_2),
    _figure(
        "ResMemRetrain",
        MIXED,
        "error",
        0.094,
        "'off by, on average'",
        POST_2,
        "the root of the mean squared error, not a mean of errors",
    ),
    _figure("ResMemRetrain", MIXED, "least score", 0.411, "'clips below'", POST_2),
    _figure(
        "ResMemRetrain",
        MIXED,
        "share of images at the least score",
        0.005,
        "about",
        POST_2,
        "0.006 by the author's later post; 0.7% of LaMem's labels are below 0.411",
    ),
    _figure(
        "ResMemRetrain",
        MIXED,
        "error",
        0.05,
        "'average inaccuracy' where truth is above 0.5",
        POST_2,
        _BELOW_NOISE,
    ),
    _figure("ResMemRetrain", MIXED, RHO, 0.68, _HELD_OUT, POST_4),
    _figure("ResMemRetrain", MIXED, "mean squared error", 0.008, _HELD_OUT, POST_4),
    _figure(
        "ResMemRetrain",
        MIXED,
        "mean absolute error",
        0.053,
        "where truth is above 0.411",
        POST_4,
        "stated with a mean squared error of 0.0028; without 0.6% of images the whole could not fall "
        "so far from 0.008",
    ),
    _figure("truth", MIXED, "share of labels below 0.5", 0.03, "", POST_2),
    _figure("ResMem on faces", FACES, RHO, 0.2, "on the order of", POST_2),
    _figure("TripleMem", MIXED, RHO, 0.67, "validation", POST_3, "there called M3M"),
    _figure("TripleMem", MIXED, RHO, 0.68, _HELD_OUT, NEEDELL, "there called M3M"),
    _figure("people", "LaMem", RHO, 0.68, f"{_HALVES}, corrected for the delay", KHOSLA),
    _figure("people", "LaMem", RHO, 0.67, f"{_HALVES}, not corrected for the delay", KHOSLA),
    _figure("people", "MemCat", RHO, 0.78, _HALVES, MEMCAT),
    _figure("AMNet", "LaMem", RHO, 0.677, _FIVE, AMNET),
    _figure("ResMem-Net", "LaMem", RHO, 0.679, _FIVE, "Praveen et al., 2021", REPORTED),
    _figure("Squalli et al.", "LaMem", RHO, 0.72, "", "Squalli-Houssaini et al., 2018", REPORTED),
    _figure("ViTMem", "LaMem", RHO, 0.711, "", "Hagen and Espeseth, 2023", REPORTED),
    _figure("ViTMem", MIXED, RHO, 0.77, "", "Hagen and Espeseth, 2023", REPORTED),
)
