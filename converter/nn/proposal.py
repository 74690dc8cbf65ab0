"""The regions of a region proposal network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .suppress import _suppress


class Proposal(nn.Module):
    """Decodes anchors, clips them to the image, suppresses them, keeps the best (proposal_layer.cpp).

    Takes scores (N, 2 A, H, W), deltas (N, 4 A, H, W) and the image's h, w, scale_h, scale_w; returns regions (R, 5)
    of image, x1, y1, x2, y2, and with `return_scores` their scores. R depends on the data, so it runs eagerly.
    """

    def __init__(
        self,
        *,
        ratios: tuple[float, ...],
        scales: tuple[float, ...],
        feat_stride: int = 16,
        base_size: int = 16,
        min_size: int = 16,
        pre_nms_topn: int = 6000,
        post_nms_topn: int = 300,
        nms_thresh: float = 0.7,
        return_scores: bool = False,
    ) -> None:
        super().__init__()
        self.ratios, self.scales, self.base_size = ratios, scales, base_size
        self.feat_stride, self.min_size, self.nms_thresh = feat_stride, min_size, nms_thresh
        self.pre_nms_topn, self.post_nms_topn = pre_nms_topn, post_nms_topn
        self.return_scores = return_scores

    def forward(
        self, confidence: Tensor, deltas: Tensor, info: Tensor
    ) -> Tensor | tuple[Tensor, Tensor]:
        info = info.flatten()
        boxes = self._boxes(deltas, info)
        score = confidence.chunk(2, 1)[1].permute(0, 2, 3, 1).flatten(1)
        large = boxes[..., 2:] - boxes[..., :2] + 1 >= self.min_size * info[[3, 2]]
        score = score * large.all(-1)
        regions, scores = [], []
        for image in range(len(boxes)):
            order = score[image].argsort(descending=True, stable=True)[: self.pre_nms_topn]
            kept = _suppress(
                boxes[image, order], self.nms_thresh, border=1, most=self.post_nms_topn
            )
            order = order[kept]
            regions.append(
                torch.cat((boxes.new_full((len(order), 1), image), boxes[image, order]), 1)
            )
            scores.append(score[image, order])
        found = torch.cat(regions)
        return (found, torch.cat(scores)) if self.return_scores else found

    def _anchors(self) -> list[list[float]]:
        """Return the corners of the anchors, by ratio, then scale; a scale is in pixels."""
        anchors = []
        centre = 0.5 * (self.base_size - 1)
        for ratio in self.ratios:
            width = (self.base_size**2 / ratio) ** 0.5
            for scale in self.scales:
                sizes = (width * scale / self.base_size, width * ratio * scale / self.base_size)
                x, y = (0.5 * int(size - 0.5) for size in sizes)
                anchors.append([centre - x, centre - y, centre + x, centre + y])
        return anchors

    def _boxes(self, deltas: Tensor, info: Tensor) -> Tensor:
        """Return the corners (N, H * W * A, 4), within the image."""
        batch, _, height, width = deltas.shape
        deltas = deltas.reshape(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2)
        rows = torch.arange(height, dtype=deltas.dtype, device=deltas.device) * self.feat_stride
        columns = torch.arange(width, dtype=deltas.dtype, device=deltas.device) * self.feat_stride
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        anchor = torch.stack((x, y, x, y), -1)[:, :, None] + deltas.new_tensor(self._anchors())
        size = anchor[..., 2:] - anchor[..., :2] + 1
        centre = anchor[..., :2] + size / 2 + deltas[..., :2] * size
        half = deltas[..., 2:].exp() * size / 2
        limit = info[[1, 0, 1, 0]] - 1
        boxes = torch.cat((centre - half, centre + half), -1).flatten(1, 3)
        return boxes.minimum(limit).clamp(min=0)
