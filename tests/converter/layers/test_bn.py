"""BN of both forks on fewer than four axes, and which fork a text means."""

from __future__ import annotations

import pytest
from one_layer import net_of, refuse
from weighted_net import check_sizes, normal

TEXT = 'layer {{ name: "b" type: "BN" bottom: "x" top: "y" {} }}'


@pytest.mark.parametrize("param", ["frozen: true", "eps: 0.01 slope_filler { value: 1 }"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_pspnets_equals_reference(tmp_path, shape, param) -> None:
    text = TEXT.format(f"bn_param {{ {param} }}")
    check_sizes(tmp_path, text, {"x": normal(*shape)}, {"x": normal(7, *shape[1:])})


@pytest.mark.parametrize("mode", ["INFERENCE", "LEARN"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5)])
def test_segnets_gives_four_axes(tmp_path, shape, mode) -> None:
    text = TEXT.format(f"bn_param {{ bn_mode: {mode} }}")
    check_sizes(tmp_path, text, {"x": normal(*shape)}, {"x": normal(7, *shape[1:])})
    assert len(net_of(tmp_path, text, x=normal(*shape)).shapes["y"]) == 4


@pytest.mark.parametrize(
    ("param", "count"),
    [
        ("", 2),
        ("bn_param { bn_mode: INFERENCE }", 2),
        ("bn_param { momentum: 0.95 }", 4),
        ("param { } param { } param { } param { }", 4),
    ],
)
def test_fork_is_told_by_its_fields(tmp_path, param, count) -> None:
    net = net_of(tmp_path, TEXT.format(param), x=normal(2, 3, 4, 5))
    assert len(net.steps[1].blobs) == count


def test_statistics_as_tops_of_inference_are_refused(tmp_path) -> None:
    text = TEXT.format('top: "m" bn_param { bn_mode: INFERENCE }')
    refuse(tmp_path, text, "only bn_mode LEARN computes statistics", x=normal(2, 3))
