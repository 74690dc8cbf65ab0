"""Losses against torch's own, at their edges, and what of them is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from one_layer import compute, expect, net_of, refuse
from torch.nn import functional as F  # noqa: N812

from converter import tolerance
from converter.loading import to_module

SCORES = np.random.default_rng(5).normal(0, 2, (3, 4, 5, 2))
LABELS = np.random.default_rng(6).integers(0, 4, (3, 1, 5, 2)).astype(float)


def layer(kind: str, more: str = "", bottoms: str = 'bottom: "x" bottom: "t"') -> str:
    return f'layer {{ name: "l" type: "{kind}" {bottoms} top: "y" {more} }}'


def test_softmax_loss_is_torchs_cross_entropy(tmp_path) -> None:
    target = torch.tensor(LABELS[:, 0]).long()
    expected = F.cross_entropy(torch.tensor(SCORES), target, ignore_index=2)
    text = layer("SoftmaxWithLoss", "loss_param { ignore_label: 2 }")
    expect(tmp_path, text, expected, x=SCORES, t=LABELS)


def test_softmax_loss_has_caffes_gradient(tmp_path) -> None:
    text = layer("SoftmaxWithLoss", "loss_param { normalization: BATCH_SIZE }")
    module = to_module(net_of(tmp_path, text, x=SCORES, t=LABELS), None)
    x = torch.tensor(SCORES, requires_grad=True)
    module(x, torch.tensor(LABELS)).backward()
    one_hot = F.one_hot(torch.tensor(LABELS[:, 0]).long(), 4).movedim(-1, 1)
    expected = (x.softmax(1) - one_hot) / 3  # softmax_loss_layer.cpp, Backward_cpu
    assert torch.allclose(x.grad, expected, rtol=tolerance.FLOAT64)


def test_labels_are_cut_to_int(tmp_path) -> None:
    x = np.log([[1.0, 3.0], [3.0, 1.0]])
    expect(tmp_path, layer("SoftmaxWithLoss"), -np.log(0.75), x=x, t=[1.9, 0.9])


def test_contrastive_loss_of_equal_vectors_has_a_gradient(tmp_path) -> None:
    text = layer("ContrastiveLoss", bottoms='bottom: "a" bottom: "b" bottom: "s"')
    a, similar = np.ones((2, 3)), np.array([0.0, 1.0])
    module = to_module(net_of(tmp_path, text, a=a, b=a, s=similar), None).double()
    x = torch.tensor(a, requires_grad=True)
    module(x, torch.tensor(a), torch.tensor(similar)).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_ignored_targets_may_be_no_numbers(tmp_path) -> None:
    text = layer("SigmoidCrossEntropyLoss", "loss_param { ignore_label: -1 normalization: VALID }")
    expect(tmp_path, text, np.log(2), x=[[np.inf, 0.0], [0.0, -np.inf]], t=[[-1, 1], [0, -1.5]])


def test_loss_of_other_shapes_with_the_same_count(tmp_path) -> None:
    a, b = np.arange(12.0).reshape(2, 3, 2), np.arange(12.0)[::-1].reshape(2, 6)
    expected = ((a - b.reshape(2, 3, 2)) ** 2).sum() / 4
    expect(tmp_path, layer("EuclideanLoss"), expected, x=a, t=b)


def test_loss_without_a_top_is_left_out(tmp_path) -> None:
    loss = 'layer { name: "l" type: "SoftmaxWithLoss" bottom: "x" bottom: "t" loss_weight: 3 }'
    accuracy = 'layer { name: "a" type: "Accuracy" bottom: "x" bottom: "t" top: "y" }'
    assert compute(tmp_path, loss + accuracy, x=np.eye(4, 3), t=[0.0, 1, 2, 1])["y"] == 0.75


def test_nothing_counted_gives_accuracy_0(tmp_path) -> None:
    text = layer("Accuracy", "accuracy_param { ignore_label: 2 }")
    expect(tmp_path, text, 0, x=np.eye(2, 3), t=[2.0, 2.0])


@pytest.mark.parametrize(
    ("kind", "more", "match"),
    [
        ("SoftmaxWithLoss", "loss_weight: 1 loss_weight: 2", "loss_weight 2 times for 1 tops"),
        ("SoftmaxWithLoss", "softmax_param { axis: 4 }", "out of range"),
        ("SoftmaxWithLoss", "softmax_param { axis: 2 }", "takes 24 labels"),
        ("MultinomialLogisticLoss", "", "one label for each item"),
        ("HingeLoss", "", "one label for each item"),
        ("InfogainLoss", "", "has no matrix"),
        ("InfogainLoss", "loss_param { normalize: true }", "use normalization"),
        ("SigmoidCrossEntropyLoss", "", "must have the same count"),
        ("EuclideanLoss", "", "must be of equal count"),
    ],
)
def test_what_caffe_refuses_is_refused(tmp_path, kind: str, more: str, match: str) -> None:
    refuse(tmp_path, layer(kind, more), match, x=SCORES, t=LABELS)


@pytest.mark.parametrize("shape", [(3, 4, 2), (3, 5)])
def test_contrastive_loss_of_other_than_pairs_is_refused(tmp_path, shape: tuple[int, ...]) -> None:
    text = layer("ContrastiveLoss", bottoms='bottom: "a" bottom: "b" bottom: "s"')
    match = "takes vectors" if len(shape) > 2 else "must be equal"
    refuse(tmp_path, text, match, a=np.zeros(shape), b=np.zeros((3, 4)), s=np.zeros(3))
