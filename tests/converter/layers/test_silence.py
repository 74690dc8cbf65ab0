"""A net all of whose blobs are taken by layers without tops has nothing to compute."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import net_of

from converter.errors import InvalidNetError
from converter.lower import lower


def test_net_without_outputs_is_refused(tmp_path) -> None:
    net = net_of(tmp_path, 'layer { type: "Silence" bottom: "x" }', x=np.zeros(2))
    with pytest.raises(InvalidNetError, match=r"has no outputs: .* \(Silence\); give one a top"):
        lower(net)
