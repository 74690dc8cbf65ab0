"""Segmenters of transformers itself, small ones with random weights: its own way to a map gives ours."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from memnet.segmenters import hugging_face
from memnet.segmenters.frozen import Frozen

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytestmark = pytest.mark.slow

SIZE = (163, 227)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def segformer() -> nn.Module:
    config = transformers.SegformerConfig(
        num_labels=11,
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 2, 3, 4],
        decoder_hidden_size=16,
    )
    return transformers.SegformerForSemanticSegmentation(config)


def mask2former() -> nn.Module:
    backbone = transformers.SwinConfig(
        embed_dim=12,
        depths=[1, 1, 1, 1],
        num_heads=[1, 2, 3, 4],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = transformers.Mask2FormerConfig(
        num_labels=6,
        backbone_config=backbone,
        hidden_dim=32,
        feature_size=32,
        mask_feature_size=32,
        num_queries=9,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=4,
        dim_feedforward=32,
        encoder_feedforward_dim=32,
    )
    net = transformers.Mask2FormerForUniversalSegmentation(config)
    for weight in net.parameters():  # as they are drawn, one class wins everywhere
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.4)
    return net


def by_logits(output: Any) -> Tensor:
    """As the examples of SegFormer's model card do."""
    whole = nn.functional.interpolate(output.logits, SIZE, mode="bilinear", align_corners=False)
    return whole.argmax(1)


def by_processor(output: Any) -> Tensor:
    processor = transformers.Mask2FormerImageProcessorPil()
    return torch.stack(processor.post_process_semantic_segmentation(output, [SIZE, SIZE]))


@pytest.mark.parametrize(
    ("make", "labels", "least"),
    [
        (segformer, by_logits, 0.999),  # equal but where rounding decides
        (mask2former, by_processor, 0.95),  # it goes by masks of 384 x 384, which moves borders
    ],
)
def test_maps_are_those_of_transformers(make: Any, labels: Any, least: float) -> None:
    torch.manual_seed(3)
    net, pictures = make().eval(), torch.rand(2, 3, *SIZE)
    pictures[:, :, :80] *= 0.3
    mean, deviation = (torch.tensor(each).reshape(3, 1, 1) for each in (MEAN, DEVIATION))
    with torch.no_grad():
        wanted = labels(net(pixel_values=(pictures - mean) / deviation))
    found = Frozen(hugging_face(net)).labels(pictures)
    assert len(wanted.unique()) > 2
    assert float((found == wanted).float().mean()) > least
