"""Training on PyTorch Lightning: recipes, the data as a run sees it, checkpoints, and what a run leaves behind.

    recipe = load_recipe("resmem", ["training.epochs=20"])
    folder = train(recipe, ["lamem:/data/lamem", "memcat:/data/memcat"], "runs/resmem")
    model = memnet.networks.trained.load_trained(folder)

Importing this package loads neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .recipe import Recipe
    from .recipe_file import load_recipe
    from .run import resume, train
    from .validation import Validation

__all__ = ["Recipe", "Validation", "load_recipe", "resume", "train"]

_HOMES = {
    "Recipe": "recipe",
    "Validation": "validation",
    "load_recipe": "recipe_file",
    "resume": "run",
    "train": "run",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
