"""BatchReindex refuses an index outside the batch when it runs, in the module and in the reference."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import net_of

from converter.errors import InvalidNetError
from converter.loading import to_module
from converter.reference import evaluate
from converter.tracing import trace

TEXT = 'layer { name: "pick" type: "BatchReindex" bottom: "x" bottom: "at" top: "y" }'
X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("index", [2, -1])
def test_index_outside_the_batch_is_refused(tmp_path, index: int) -> None:
    at = np.array([0.0, index, 1.0])
    net = net_of(tmp_path, TEXT, x=X, at=at)
    with pytest.raises(InvalidNetError, match=f"'pick'.*index {index} must be"):
        evaluate(net, None, {"x": X, "at": at})
    with pytest.raises(IndexError, match="out of range"):
        trace(to_module(net, None), {"x": X, "at": at})
