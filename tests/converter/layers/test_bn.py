"""BN of both forks on fewer than four axes, and which fork a text means."""

from __future__ import annotations

import pytest
from net_text import check_text, inputs, normal, read_text

from converter.errors import InvalidNetError

TEXT = 'layer {{ name: "b" type: "BN" bottom: "x" top: "y" {} }}'


@pytest.mark.parametrize("param", ["frozen: true", "eps: 0.01 slope_filler { value: 1 }"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_pspnets_equals_reference(tmp_path, shape, param) -> None:
    text = inputs(x=shape) + TEXT.format(f"bn_param {{ {param} }}")
    check_text(tmp_path, text, {"x": normal(*shape)}, {"x": normal(7, *shape[1:])})


@pytest.mark.parametrize("mode", ["INFERENCE", "LEARN"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5)])
def test_segnets_gives_four_axes(tmp_path, shape, mode) -> None:
    text = inputs(x=shape) + TEXT.format(f"bn_param {{ bn_mode: {mode} }}")
    check_text(tmp_path, text, {"x": normal(*shape)}, {"x": normal(7, *shape[1:])})
    assert len(read_text(tmp_path, text).shapes["y"]) == 4


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
    net = read_text(tmp_path, inputs(x=(2, 3, 4, 5)) + TEXT.format(param))
    assert len(net.steps[1].blobs) == count


def test_statistics_as_tops_of_inference_are_refused(tmp_path) -> None:
    text = inputs(x=(2, 3, 4, 5)) + TEXT.format('top: "m" bn_param { bn_mode: INFERENCE }')
    with pytest.raises(InvalidNetError, match="only bn_mode LEARN computes statistics"):
        read_text(tmp_path, text)
