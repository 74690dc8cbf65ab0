"""`Network`: features of any layer, devices, float32 that is float32; and the order of work done by threads."""

from __future__ import annotations

import threading
import time

import memnet_rule as rule
import numpy as np
import pytest
import torch
from golden import assert_close

import memnet
from converter import tolerance
from converter.errors import UnsupportedError
from converter.tracing import trace
from memnet.device import choose_device, plain_float32
from memnet.features import blob_modules
from memnet.network import Network
from memnet.preprocessing import preprocessing
from memnet.runs.ordered import in_order

PREPROCESS = preprocessing(rule.mean_bgr())


@pytest.mark.parametrize("crops", ["center", "ten"])
def test_features_are_caffes_blobs_averaged_over_crops(
    full_model: memnet.MemNet, crops: str
) -> None:
    fed = rule.ten_crops(rule.images()[0])
    blobs = trace(full_model, {"data": fed if crops == "ten" else fed[4:5]})
    for name in ("fc7", "conv5", "fc8-euclidean"):
        network = Network(model=full_model, rule=PREPROCESS, crops=crops, features=name)
        found = network.run([network.fed(rule.images()[0])]).features
        assert found is not None
        assert found.shape == (1, *blobs[name].shape[1:])
        assert_close(name, found[0], blobs[name].mean(0, dtype=float), tolerance.CAFFE)
    assert len(found.ravel()) == 1


def test_every_blob_of_memnet_has_a_module(full_model: memnet.MemNet) -> None:
    blobs = trace(full_model, {"data": rule.ten_crops(rule.images()[0])[:1]})
    assert blob_modules(full_model).keys() == blobs.keys() - {"data"}
    assert set(blob_modules(full_model).values()) <= dict(full_model.named_modules()).keys()


def test_layer_before_its_relu_has_a_name_too(full_model: memnet.MemNet) -> None:
    network = Network(model=full_model, rule=PREPROCESS, features="drop6")
    assert network.run([network.fed(rule.images()[0])]).features.shape == (1, 4096)


@pytest.mark.parametrize("name", ["fc9", "", "conv1.weight"])
def test_unknown_layer_is_refused_with_the_known_ones(full_model: memnet.MemNet, name: str) -> None:
    with pytest.raises(
        UnsupportedError, match=r"no blob or module .*conv1, pool1, .*fc8-euclidean"
    ):
        Network(model=full_model, rule=PREPROCESS, features=name)


def test_hook_is_gone_after_a_run(full_model: memnet.MemNet) -> None:
    network = Network(model=full_model, rule=PREPROCESS, features="fc7")
    network.run([network.fed(rule.images()[0])])
    assert not full_model.drop7._forward_hooks


def test_batch_size_counts_crops() -> None:
    def at_once(**settings: object) -> int:
        return Network(model=torch.nn.Identity(), rule=PREPROCESS, **settings).pictures_at_once  # type: ignore[arg-type]

    assert at_once(batch_size=40) == 40
    assert at_once(batch_size=40, crops="ten") == 4
    assert at_once(batch_size=3, crops="ten") == 1
    with pytest.raises(ValueError, match="batch_size is 0"):
        at_once(batch_size=0)


def test_scores_do_not_depend_on_batches_workers_or_the_twin(full_model: memnet.MemNet) -> None:
    images = [*rule.images()[:3], torch.from_numpy(rule.images()[3].transpose(2, 0, 1).copy())]
    expected = memnet.predict(full_model, images)
    for settings in ({"batch_size": 1}, {"workers": 2, "batch_size": 3}, {"fast": True}):
        found = memnet.predict(full_model, images, **settings)
        np.testing.assert_allclose(found, expected, rtol=tolerance.CAFFE)


def test_device_names() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UnsupportedError, match="device 'gpu': take auto, cpu, cuda or cuda:N"):
        choose_device("gpu")
    with pytest.raises(UnsupportedError, match=r"device 'cuda:99': torch finds \d+ CUDA devices"):
        choose_device("cuda:99")


def test_tensor_float_32_is_off_while_scoring_and_back_afterwards() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32
    with plain_float32():
        assert not cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
    assert cudnn.allow_tf32 == before


def test_results_come_in_order_however_long_each_takes() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (number % 3 == 0))
        return number

    assert list(in_order(work, range(20), workers=4, ahead=6)) == list(range(20))


def test_workers_stay_within_their_lead() -> None:
    begun: list[int] = []
    threads = threading.active_count()
    results = in_order(lambda n: begun.append(n) or n, range(1000), workers=2, ahead=5)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    time.sleep(0.05)
    assert len(begun) <= 3 + 5
    results.close()
    assert threading.active_count() <= threads


def test_error_is_raised_at_its_place() -> None:
    results = in_order(lambda n: 1 // (n - 2), range(5), workers=2, ahead=2)
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError, match="division"):
        next(results)
