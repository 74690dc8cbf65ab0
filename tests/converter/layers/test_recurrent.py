"""LSTM and RNN against torch's own, and the state they carry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from golden import assert_close
from one_layer import net_of, refuse
from weighted_net import check_sizes, normal, seeded_weights

from converter import tolerance
from converter.loading import to_module

STEPS, STREAMS, INPUTS, OUTPUTS = 4, 3, 5, 2


def text(kind: str, more: str = "") -> str:
    bottoms = 'bottom: "x" bottom: "cont"'
    return (
        f'layer {{ name: "l" type: "{kind}" {bottoms} top: "y" '
        f"recurrent_param {{ num_output: {OUTPUTS} {more} }} }}"
    )


def feed(streams: int = STREAMS, steps: int = STEPS) -> dict[str, np.ndarray]:
    return {"x": normal(steps, streams, INPUTS), "cont": np.ones((steps, streams))}


@pytest.fixture(params=["LSTM", "RNN"])
def module(request, tmp_path) -> torch.nn.Module:
    net = net_of(tmp_path, text(request.param), **feed())
    return to_module(net, seeded_weights(tmp_path, net)).double()


def run(module: torch.nn.Module, fed: dict[str, np.ndarray]) -> np.ndarray:
    with torch.no_grad():
        return module(*map(torch.tensor, fed.values())).numpy()


def test_unbroken_sequence_is_torchs_own(module) -> None:
    own = module.l
    rows = own.hidden.weight.shape[0]
    theirs = torch.nn.LSTM if rows > OUTPUTS else torch.nn.RNN
    other = theirs(INPUTS, OUTPUTS).double()
    order = torch.arange(rows).view(-1, OUTPUTS)
    order = (order[[0, 1, 3, 2]] if rows > OUTPUTS else order).flatten()  # torch: i, f, g, o
    with torch.no_grad():
        other.weight_ih_l0.copy_(own.input.weight[order])
        other.weight_hh_l0.copy_(own.hidden.weight[order])
        other.bias_ih_l0.copy_(own.input.bias[order])
        other.bias_hh_l0.zero_()
        expected, _ = other(torch.tensor(feed()["x"]))
        if rows == OUTPUTS:
            expected = own.output(expected).tanh()
    assert_close("y", run(module, feed()), expected.numpy(), tolerance.FLOAT64)


def test_second_forward_continues_the_first(module) -> None:
    whole = feed(steps=2 * STEPS)
    halves = [
        {key: array[part] for key, array in whole.items()} for part in (slice(4), slice(4, 8))
    ]
    expected = run(module, whole)
    module.reset()
    found = np.concatenate([run(module, half) for half in halves])
    assert_close("y", found, expected, tolerance.FLOAT64)


def test_reset_and_another_batch_size_begin_anew(module) -> None:
    first = run(module, feed())
    assert not np.array_equal(run(module, feed()), first)
    module.reset()
    assert np.array_equal(run(module, feed()), first)
    run(module, feed(streams=2))
    assert np.array_equal(run(module, feed()), first)


def test_state_is_not_in_the_state_dict_and_has_no_gradient(module) -> None:
    before = set(module.state_dict())
    module(*map(torch.tensor, feed().values()))
    assert set(module.state_dict()) == before
    module(*map(torch.tensor, feed().values())).sum().backward()


def test_exported_graph_begins_anew(module) -> None:
    first = run(module, feed())
    inputs = tuple(map(torch.tensor, feed().values()))
    exported = torch.export.export(module, inputs).module()
    assert np.array_equal(run(exported, feed()), first)
    assert np.array_equal(run(exported, feed()), first)


@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_other_batch_sizes_and_lengths_equal_the_reference(tmp_path, kind: str) -> None:
    check_sizes(tmp_path, text(kind), feed(), feed(streams=4), feed(streams=2, steps=6))


@pytest.mark.parametrize(
    ("more", "inputs", "match"),
    [
        ("", {"x": (4, 3)}, r"\(time, streams, ...\)"),
        ("", {"cont": (4, 2)}, r"must be \(4, 3\)"),
        ("expose_hidden: true", {}, "takes 3"),
        ("num_output: 0", {}, "Non-repeated|twice|more than once|multiple"),
    ],
)
def test_wrong_shapes_are_refused(tmp_path, more: str, inputs: dict, match: str) -> None:
    shapes = {"x": (4, 3, 5), "cont": (4, 3)} | inputs
    arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
    refuse(tmp_path, text("LSTM", more), match, **arrays)


def test_lstm_unit_with_other_gates_is_refused(tmp_path) -> None:
    unit = 'layer { type: "LSTMUnit" bottom: "c" bottom: "g" bottom: "t" top: "a" top: "b" }'
    shapes = {"c": (1, 3, 4), "g": (1, 3, 12), "t": (1, 3)}
    arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
    refuse(tmp_path, unit, r"gates has shape \(1, 3, 12\)", **arrays)
