"""Python identifiers for Caffe's names, which may be anything: `1x1/reduce`, `lambda`, empty, UTF-8, or hostile.

Every name that reaches emitted source passes through `Names`, so that it is a short ASCII identifier, is taken by
nothing else, and different Caffe names stay different.
"""

from __future__ import annotations

import builtins
import keyword
import re

LONGEST = 60

# What `dir(torch.nn.Module())` lists without leading underscore; a layer may not hide one. A test compares with torch.
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
    double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children
    named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    blob_names reset
    """.split()  # noqa: SIM905 (a list of 60 quoted names reads worse)
)

# What `forward` itself refers to.
FUNCTION_NAMES = frozenset({"self", "torch", "nn", "F", "Tensor"})


class Names:
    """One namespace: gives each Caffe name an identifier of its own, always the same for the same order of calls."""

    def __init__(self, what: str, reserved: frozenset[str]) -> None:
        self._what = what
        self._taken = set(reserved)

    def new(self, name: str, empty: str = "") -> str:
        """Return a fresh identifier for `name`; `empty` stands in where nothing of it can be kept."""
        stem = _clean(name) or empty or self._what
        if stem[0].isdigit():
            stem = f"{self._what}_{stem}"
        candidate, count = stem, 1
        while candidate in self._taken or keyword.iskeyword(candidate):
            count += 1
            candidate = f"{stem}_{count}"
        self._taken.add(candidate)
        return candidate


def attribute_names() -> Names:
    """Names for the members of an emitted module."""
    return Names("layer", MODULE_ATTRIBUTES)


def variable_names(reserved: frozenset[str] = frozenset()) -> Names:
    """Names for the local variables of an emitted `forward`; those of builtins that it uses are not free."""
    return Names("blob", FUNCTION_NAMES | {"float", "locals", "super"} | reserved)


def class_name(name: str, reserved: frozenset[str] = frozenset()) -> str:
    """Return a class name for a net: `cifar10_quick` -> `Cifar10Quick`, nothing usable -> `Net`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name[: 4 * LONGEST]) if word]
    joined = "".join(word[0].upper() + word[1:] for word in words)[:LONGEST]
    if not joined or joined[0].isdigit():
        joined = f"Net{joined}"
    taken = reserved | FUNCTION_NAMES | frozenset(dir(builtins)) | {"Output"}
    return f"{joined}Net" if joined in taken or keyword.iskeyword(joined) else joined


def _clean(name: str) -> str:
    """Return the ASCII identifier nearest to `name`; leading underscores go (Python mangles or reserves them)."""
    return re.sub(r"\W+", "_", name[:LONGEST], flags=re.ASCII).strip("_")
