"""Every limit on a difference, in one place, each with its reason.

The relative difference of two blobs is max|a - b| / max|b|.
"""

from __future__ import annotations

CAFFE = 1e-5
"""float32 module against recorded Caffe: both round at 2^-24 per operation, and another BLAS sums in another order."""

SATURATED_SOFTMAX = 1e-4
"""A softmax over logits of several hundred: one float32 step of such a logit moves a probability by 3e-5.

Real Caffe's `prob1` of mtcnn-relu-det1 (logits to 472) is 4.9e-5 from the float64 truth, ours 1.1e-5.
"""

FLOAT64 = 1e-12
"""float64 module against the float64 reference: the same formulas, summed in another order."""

EXPORT = 1e-5
"""An exported file against the module that it was made from: the same float32 arithmetic in another library's order."""

ERROR_RATIO_MEAN = 2.0
ERROR_RATIO_WORST = 8.0
"""Our float32 error over Caffe's, both against the float64 reference: geometric mean over the blobs of all nets, and
the worst blob. A processor's instructions set the order of sums: with AVX-512 the worst is 4.4 to 5.1, with AVX2 6.9.
"""

FLOAT32_STEP = 2.0**-23
"""One step of float32 relative to the blob's largest value: the least error that Caffe is credited with."""

RESIZE = 1e-4
"""Grey levels of 255 between a resize rule and the library it is named after: both round to float32 on the way."""

FAST_STEPS = 16
"""Float32 steps of a score between the fast path and the plain one: sums of up to 9216 products in another order."""
FAST_SPREAD = 1e-3
"""The same as a share of the scores' standard deviation, where that is more: no rank or figure shows it."""

SCORE_SPREAD = 1e-3
"""Scores of port and original, as a share of the original's standard deviation over images: no rank or figure shows it.

Against the spread, because a net may give scores that hardly differ: the published MemNet's plot has a standard
deviation of 0.0025, and a fixed limit that suits 0.08 would pass there whatever the scores are.
"""
SCORE_STEPS = 16
"""Float32 steps of the largest score, where the spread asks for more than float32 has: sums of up to 9216 products in
another order, as in FAST_STEPS."""

SCORE_ROUNDING = 0.1
"""Share of the spread that a file's last decimal may be; scores rounded more coarsely than that prove nothing."""

SOFTMAX_OF_LOGITS = 2.0
"""A softmax may differ by CAFFE and this much for each unit that its logits differ, which are judged themselves.

A probability p moves by p (1 - p) for a unit between logits, and two logits that are each off by d are 2 d apart.
"""
