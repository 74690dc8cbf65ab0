"""Runs: what a step is, what a run leaves, and what stops one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from tiny_training import SMALL_RESMEM, last_weights, losses, tiny, validations, weights
from torch import nn

import memnet
from converter.errors import CaffeError, FileFormatError, OutputError, WeightsError
from memnet.choice import Choice, sha256
from memnet.cli import main
from memnet.data import Generated, generate, load_data
from memnet.networks.architectures import build
from memnet.networks.trained import load_trained
from memnet.training import Validation, resume, train
from memnet.training.errors import TrainingError
from memnet.training.mixture import mix
from memnet.training.order import Batches
from memnet.training.pictures import Pictures, collate
from memnet.training.recipe import Data, Recipe


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("data") / "lamem", "lamem", 60)


@pytest.fixture(scope="module")
def run(data: Generated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    return train(tiny(), [data.spec], tmp_path_factory.mktemp("runs") / "run", quiet=True)


PLAIN = (
    "data.crop=center",
    "data.mirror=false",
    "model.options.dropout=0.0",
    "training.epochs=1",
    "training.clip=0",
    "start.initialization=torch",
    "start.output=zero",
)


def by_hand(recipe: Recipe, data: Generated) -> tuple[nn.Module, list[float]]:
    """The same training as a plain loop over torch's own optimizer, with Caffe's formula of a step written out."""
    mixture = mix(Data(sources=(data.spec,)), 0)
    torch.manual_seed(0)
    model = build("memnet", recipe.model.options)
    pictures = Pictures(mixture.train, vars(model)["preprocess"])
    velocity = {name: torch.zeros_like(each) for name, each in model.named_parameters()}
    found = []
    for keys in Batches(
        len(pictures), recipe.training.batch_size * recipe.training.accumulate, seed=0
    ):
        batch = collate([pictures[key] for key in keys])
        scores = model(batch.data).reshape(-1)
        loss = ((scores - batch.scores) ** 2).sum() / (2 * len(scores))
        model.zero_grad()
        loss.backward()
        found.append(float(loss.detach()))
        with torch.no_grad():
            for name, each in model.named_parameters():
                mult = (10 if "fc8" in name else 1) * (2 if name.endswith("bias") else 1)
                decay = 0.0 if name.endswith("bias") else recipe.optimizer.weight_decay
                gradient = each.grad + decay * each
                step = recipe.optimizer.lr * mult * gradient
                velocity[name] = recipe.optimizer.momentum * velocity[name] + step
                each.sub_(velocity[name])
    return model, found


@pytest.mark.parametrize("accumulate", [1, 2])
def test_steps_are_caffes(data: Generated, tmp_path: Path, accumulate: int) -> None:
    """SGD with blobs_lr: V = m V + lr lr_mult (g + decay decay_mult w), w -= V (sgd_solver.cpp)."""
    recipe = tiny(
        *PLAIN, "optimizer.name=sgd", "optimizer.rates=memnet", "optimizer.lr=1e-4", "optimizer.momentum=0.9",
        "optimizer.weight_decay=0.05", "training.loss=euclidean", f"training.accumulate={accumulate}",
    )  # fmt: skip
    out = train(recipe, [data.spec], tmp_path / "run", quiet=True)
    expected, expected_losses = by_hand(recipe, data)
    np.testing.assert_allclose(losses(out), expected_losses, rtol=2e-4)
    found = last_weights(out)
    for name, each in expected.state_dict().items():
        np.testing.assert_allclose(found[f"model.{name}"], each, rtol=1e-4, atol=1e-6, err_msg=name)


def test_run_leaves_its_recipe_metrics_checkpoints_and_model(run: Path, data: Generated) -> None:
    assert {path.name for path in run.iterdir()} == {
        "recipe.toml",
        "metrics.csv",
        "checkpoints",
        "model",
    }
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"last.ckpt", "best.ckpt"}
    record = json.loads((run / "model/model.json").read_text())
    assert (record["format"], record["version"], record["architecture"]) == (
        "memnet-model",
        1,
        "memnet",
    )
    assert record["options"] == {"width": 0.0625}
    assert record["trained_on"] == [
        {"data": "LaMem", "split": "train_1", "n": 40, "synthetic": True}
    ]
    seen = (run / "model/seen.txt").read_text().splitlines()
    parts = [load_data(data.spec, split) for split in ("train_1", "val_1")]
    assert sorted(seen) == sorted(f"LaMem/{item.name}" for part in parts for item in part)
    assert len(losses(run)) == record["steps"] / record["epoch"] * 2 == 20


def test_model_scores_as_the_run_said(run: Path, data: Generated) -> None:
    model = load_trained(run)
    assert not model.training
    held_out = load_data(data.spec, "val_1")
    scores = memnet.predict(model, held_out.paths)
    found = max(validations(run), key=lambda row: float(row["val_spearman"]))
    assert float(found["val_spearman"]) == pytest.approx(
        spearmanr(scores, held_out.scores).statistic
    )
    assert float(found["val_sd"]) == pytest.approx(float(scores.std()), rel=1e-4)
    assert float(found["val_mse"]) == pytest.approx(
        float(np.mean((scores - held_out.scores) ** 2)), rel=1e-4
    )
    assert vars(model)["trained"]["val_spearman"] == float(found["val_spearman"])


@pytest.mark.parametrize("folder", [".", "model"])
def test_predict_takes_the_run_and_names_it(
    run: Path, data: Generated, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = data.images[9]
    assert main(["predict", str(picture), "--model", str(run / folder)]) == 0
    shown = float(capsys.readouterr().out.splitlines()[1].split()[1])
    assert shown == pytest.approx(memnet.predict(load_trained(run), [picture])[0], abs=1e-4)
    choice = Choice(model=str(run / folder))
    identity = choice.identity(choice.network())
    assert identity.model == "memnet"
    assert identity.weights_sha256 == sha256(run / "model/model.safetensors")


def test_identity_of_another_architecture_is_named(data: Generated, tmp_path: Path) -> None:
    out = train(
        tiny("model.architecture=memnet-rebuilt", "training.epochs=1"),
        [data.spec],
        tmp_path / "a",
        quiet=True,
    )
    choice = Choice(model=str(out))
    assert choice.identity(choice.network()).model == "memnet-rebuilt"
    (out / "model/model.json").write_text(
        (out / "model/model.json").read_text().replace("-rebuilt", "")
    )
    with pytest.raises(
        WeightsError, match=r"(?s)does not hold the architecture memnet's weights.*conv3\.weight"
    ):
        load_trained(out)


def test_unfinished_run_is_no_model(run: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text((run / "recipe.toml").read_text())
    with pytest.raises(
        FileFormatError, match=r"holds no model/model\.json \(the run in it has not fini"
    ):
        load_trained(tmp_path)


def test_resmem_trains_its_head_and_branch_but_not_the_resnet(
    data: Generated, tmp_path: Path
) -> None:
    recipe = tiny(*SMALL_RESMEM, "training.epochs=1")
    torch.manual_seed(0)
    before = build("resmem", recipe.model.options).state_dict()
    after = weights(train(recipe, [data.spec], tmp_path / "a", quiet=True))
    assert before.keys() == after.keys()
    frozen = [name for name in before if name.startswith("features.")]
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["conv1.weight"], after["conv1.weight"])


def test_watch_sees_each_epoch_and_its_error_ends_the_run(data: Generated, tmp_path: Path) -> None:
    seen: list[Validation] = []

    def stop(found: Validation) -> None:
        seen.append(found)
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        train(tiny(), [data.spec], tmp_path / "a", watch=stop, quiet=True)
    assert [(each.epoch, each.step) for each in seen] == [(1, 10)]


def test_early_stopping_waits_for_a_better_spearman(data: Generated, tmp_path: Path) -> None:
    """Nothing is learnt, so that the first epoch stays the best, and two more are waited for."""
    recipe = tiny(
        "optimizer.lr=0", "training.patience=2", "training.epochs=9", "model.options.width=0.03"
    )
    out = train(recipe, [data.spec], tmp_path / "a", quiet=True)
    assert [row["epoch"] for row in validations(out)] == ["1", "2", "3"]
    assert json.loads((out / "model/model.json").read_text())["epoch"] == 1
    assert resume(out, quiet=True) == out
    assert len(validations(out)) == 3


def test_run_without_validation_images_keeps_its_last_epoch(
    data: Generated, tmp_path: Path
) -> None:
    table = load_data(data.spec, "train_1")
    lines = "".join(f"{item.path},{item.score}\n" for item in table)
    (tmp_path / "all.csv").write_text(f"path,score\n{lines}")
    recipe = tiny("data.validation_share=0", "training.patience=1")
    out = train(recipe, [f"csv:{tmp_path / 'all.csv'}"], tmp_path / "a", quiet=True)
    record = json.loads((out / "model/model.json").read_text())
    assert (record["epoch"], record["val_spearman"], record["validated_on"]) == (2, None, [])
    assert losses(out).shape == (20,)


def test_equal_scores_have_no_spearman(data: Generated, tmp_path: Path) -> None:
    """With He's start the last layer is 0, and with a rate of 0 it stays so."""
    out = train(
        tiny("optimizer.lr=0", "training.epochs=1"), [data.spec], tmp_path / "a", quiet=True
    )
    (row,) = validations(out)
    assert (row["val_spearman"], float(row["val_sd"])) == ("", 0.0)
    assert json.loads((out / "model/model.json").read_text())["val_spearman"] is None


@pytest.mark.slow
def test_bfloat16_gives_about_the_same_losses(run: Path, data: Generated, tmp_path: Path) -> None:
    for name in ("memnet", "resmem"):
        small = (*SMALL_RESMEM, "training.epochs=1") if name == "resmem" else ("training.epochs=1",)
        half, whole = (
            losses(
                train(
                    tiny(*small, f"training.precision={kind}"),
                    [data.spec],
                    tmp_path / f"{name}-{kind}",
                    quiet=True,
                )
            )
            for kind in ("bf16-mixed", "32-true")
        )
        assert not np.array_equal(half, whole)
        np.testing.assert_allclose(half[:3], whole[:3], rtol=0.1)


BROKEN = [
    (["optimizer.name=sgd", "optimizer.lr=1e30", "training.clip=0"],
     TrainingError, r"(?s)no longer finite|the loss is (nan|inf) at step 2; lower optimizer\.lr"),
    (["training.batch_size=41"], TrainingError, "40 training images are fewer than one step takes, 41"),
    (["devices.accelerator=cuda"], TrainingError, "Lightning refuses: .*[Aa]ccelerator"),
    (["devices.strategy=magic"], TrainingError, "Lightning refuses: .*magic"),
    (["start.weights=absent.caffemodel"], FileFormatError, "absent.caffemodel: there is no such file"),
    (
        ["optimizer.name=sgd", "optimizer.nesterov=true", "optimizer.momentum=0"],
        TrainingError,
        r"^optimizer\.nesterov looks ahead by the momentum, and optimizer\.momentum is 0",
    ),
    (["optimizer.betas=[0.9]"], TrainingError, r"optimizer\.betas is \[0\.9\]; it must be two"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "error", "match"), BROKEN)
def test_what_cannot_run_is_told(
    data: Generated, tmp_path: Path, overrides: Sequence[str], error: type[CaffeError], match: str
) -> None:
    with pytest.raises(error, match=match):
        train(tiny(*overrides), [data.spec], tmp_path / "a", quiet=True)


def test_folder_with_something_in_it_is_left_alone(
    run: Path, data: Generated, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files; give another folder"):
        train(tiny(), [data.spec], tmp_path, quiet=True)
    with pytest.raises(OutputError, match="holds a run; go on with --resume"):
        train(tiny(), [data.spec], run, quiet=True)


def test_run_that_never_began_may_be_begun_again(data: Generated, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no such file"):
        train(tiny("start.weights=absent"), [data.spec], tmp_path / "a", quiet=True)
    assert (tmp_path / "a/recipe.toml").is_file()
    train(tiny("training.epochs=1"), [data.spec], tmp_path / "a", quiet=True)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a machine with one CPU
@pytest.mark.parametrize("workers", [0, 2])
def test_image_that_ends_early_stops_the_run_and_is_named(tmp_path: Path, workers: int) -> None:
    broken = generate(tmp_path / "data", "csv", 40, truncated=True)
    recipe = tiny("training.epochs=1", f"data.workers={workers}")
    with pytest.raises(
        TrainingError, match=r"0005\.jpg: cannot be read .*data\.on_error=skip; no ch"
    ):
        train(recipe, [broken.spec], tmp_path / "a", quiet=True)


def test_images_that_cannot_be_read_are_left_out_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = generate(tmp_path / "data", "csv", 40, truncated=True)
    broken.images[7].write_text("<html>")
    broken.images[8].unlink()
    arguments = ["train", "modern", "--data", broken.spec, "--out", str(tmp_path / "a"), "--set"]
    arguments += ["model.options.width=0.03", "training.epochs=1", "training.batch_size=4"]
    assert main(arguments) == 2
    assert "0008.jpg" in capsys.readouterr().err  # the table names what is not there
    assert main([*arguments, "data.on_error=skip"]) == 0
    said = capsys.readouterr().err
    assert "left out: 2 images that cannot be read, 1 missing" in said
    assert all(f"000{at}.jpg: " in said for at in (5, 7, 8))
    seen = (tmp_path / "a/model/seen.txt").read_text()
    assert seen.count("\n") == 37
    assert "images/0007.jpg" not in seen


def test_help_imports_nothing_heavy_and_the_command_tells_what_it_did(
    data: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "modern", "--data", data.spec, "--out", str(tmp_path / "a"), "--set"]
    assert (
        main([*arguments, "model.options.width=0.03", "training.epochs=2", "training.batch_size=8"])
        == 0
    )
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in said[:2]] == [" epoch 1/2", " epoch 2/2"]
    assert all("Spearman" in line and "spread" in line and "left" in line for line in said[:2])
    assert len(said) == 3
    assert "weights of epoch" in said[2]
    for wrong, match in (
        (["train"], "name a recipe"),
        (["train", "modern"], "give --out DIR"),
        (["train", "modern", "--resume", "a", "--out", "b"], "leave --out out"),
        (["train", "--resume", str(tmp_path)], "holds no run: there is no recipe.toml"),
    ):
        assert main(wrong) == 2
        assert match in capsys.readouterr().err


def test_absent_lightning_is_asked_for_in_one_line(
    data: Generated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'convert-caffemodel\[train\]'"):
        train(tiny(), [data.spec], tmp_path / "a")
