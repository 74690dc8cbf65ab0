"""What a sweep chooses from: the shipped spaces, files, and what is refused before anything is trained."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.errors import CaffeError, InvalidNetError, OutputError
from memnet.cli import main
from memnet.data import generate
from memnet.sweep import Sweep, begin, load_space, read_sweep
from memnet.sweep.space import space_names


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    return generate(tmp_path_factory.mktemp("lamem") / "lamem", count=24).spec


@pytest.mark.parametrize("name", space_names())
def test_shipped_space_fits_its_recipe_and_names_its_source(
    name: str, images: str, tmp_path: Path
) -> None:
    space = load_space(name)
    assert "ours" in space.source.lower()
    sweep = begin(space, [images], tmp_path / "sweep")
    assert read_sweep(tmp_path / "sweep") == sweep


def test_memnets_space_is_the_published_one() -> None:
    """The runs of the published picture: eta 0.03, 0.04, 0.05 and gamma 0.75, 0.83."""
    lr, momentum = load_space("memnet").parameters
    assert (lr.key, lr.low, lr.high) == ("optimizer.lr", 0.03, 0.05)
    assert (momentum.key, momentum.low, momentum.high) == ("optimizer.momentum", 0.75, 0.83)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ("", "needed; found recipe"),
        ('[sweep]\n"optimizer.lr" = 3', r"sweep 'optimizer\.lr': is 3; it must be"),
        ('[sweep]\n"optimizer.lr" = { low = 1 }', "it must be { choices"),
        (
            '[sweep]\n"optimizer.lr" = { low = 2, high = 1 }',
            "from 2 to 1; low must be a number below",
        ),
        (
            '[sweep]\n"optimizer.lr" = { low = 0, high = 1, log = true }',
            "a number above 0 below high",
        ),
        ('[sweep]\n"optimizer.name" = { choices = ["sgd"] }', "must list two or more"),
        (
            '[sweep]\n"data.split" = { choices = [1, 2] }',
            "must not choose the images that it is judged by",
        ),
        (
            '[sweep]\n"data.sources" = { choices = ["a", "b"] }',
            r"may have data\.crop, data\.mirror",
        ),
        ('[swep]\n"optimizer.lr" = { low = 1, high = 2 }', "a space has the keys source, recipe"),
        ("[sweep\n", "is no TOML"),
    ],
)
def test_spaces_that_are_none(tmp_path: Path, table: str, match: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text(f'recipe = "memnet"\n{table}\n')
    with pytest.raises(CaffeError, match=rf"(?s)^{path}: .*{match}"):
        load_space(path)


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        (
            '"optimizer.rate" = { low = 1.0, high = 2.0 }',
            r"'optimizer\.rate' is not known; known here: name, lr",
        ),
        (
            '"optimizer.momentum" = { low = 0.5, high = 1.5 }',
            r"'optimizer\.momentum' is 1\.5; it must be",
        ),
        ('"model.options.depth" = { low = 1, high = 2 }', "has no option 'depth'"),
    ],
)
def test_keys_and_limits_are_the_recipes(
    space: Path, data: str, tmp_path: Path, entry: str, match: str
) -> None:
    space.write_text(f'recipe = "{tmp_path / "small.toml"}"\n[sweep]\n{entry}\n')
    with pytest.raises(InvalidNetError, match=match):
        begin(load_space(space), [data], tmp_path / "sweep")


def test_ranges_are_of_whole_numbers_where_the_recipe_wants_these(
    space: Path, data: str, tmp_path: Path
) -> None:
    ranges = '"optimizer.momentum" = { low = 0, high = 1 }\n"training.accumulate" = { low = 1, high = 2 }'
    space.write_text(f'recipe = "{tmp_path / "small.toml"}"\n[sweep]\n{ranges}\n')
    momentum, accumulate = begin(load_space(space), [data], tmp_path / "sweep").parameters
    assert (momentum.whole, accumulate.whole) == (False, True)


@pytest.mark.parametrize(
    ("overrides", "match"),
    [
        (
            ["data.validation=random", "data.validation_count=5"],
            "draws on all of LaMem, its test images among them",
        ),
        (['data.validation_sources=["csv:/data/lamem_test_1.csv"]'], "is a test split by its name"),
        (
            ["data.validation=split", 'data.validation_sources=["csv:/data/Test.csv"]'],
            "must not see",
        ),
        (['data.validation_sources=["lamem:/data"]'], "validation_sources takes all of LaMem"),
    ],
)
def test_test_images_are_refused(
    start: Callable[..., Sweep], overrides: list[str], match: str
) -> None:
    with pytest.raises(InvalidNetError, match=match):
        start(*overrides)


def test_several_devices_for_one_trial_are_refused(start: Callable[..., Sweep]) -> None:
    with pytest.raises(
        InvalidNetError, match="trains each trial on one device; start one command for each"
    ):
        start("devices.devices=2")


def test_data_without_validation_images_are_refused(space: Path, tmp_path: Path) -> None:
    table = generate(tmp_path / "csv", "csv", count=20).spec
    with pytest.raises(
        InvalidNetError, match="judged by validation images, and the data hold none out"
    ):
        begin(load_space(space), [table], tmp_path / "sweep", overrides=["data.validation_share=0"])


def test_another_sweep_in_the_folder_is_refused(
    start: Callable[..., Sweep], space: Path, data: str, tmp_path: Path
) -> None:
    assert start() == start("logs.project=other") or True  # what changes no score may change
    with pytest.raises(
        OutputError, match=r"(?s)holds another sweep: .*training\.epochs is 2 there, 4 asked for"
    ):
        start("training.epochs=4")
    with pytest.raises(
        OutputError, match=r"(?s)seed: 0 there, 1 asked for.*prune: False there, True asked"
    ):
        start(seed=1, prune=True)
    space.write_text(space.read_text().replace("1e-2", "2e-2"))
    with pytest.raises(OutputError, match=r"parameters: optimizer\.lr: 0\.0001 to 0\.01, evenly"):
        begin(load_space(space), [data], tmp_path / "sweep")
    other = generate(tmp_path / "other", count=40, seed=3).spec
    space.write_text(space.read_text().replace("2e-2", "1e-2"))
    with pytest.raises(OutputError, match=r"sweep\.json: is of other images or scores"):
        begin(load_space(space), [other], tmp_path / "sweep")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            ["nothing"],
            "nothing: is no file and no shipped space; those are memnet, resmem, triplemem",
        ),
        (["resmem"], "no data to train on"),
        (["resmem", "--data", "lamem:/nowhere"], "/nowhere"),
        (["triplemem", "--set", "training.rate=1"], "'training.rate' is not known"),
    ],
)
def test_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], match: str
) -> None:
    assert main(["sweep", *arguments, "--out", str(tmp_path / "sweep")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("memnet: ") and match in said
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("trials", ["0", "-1", "many"])
def test_command_wants_at_least_one_trial(
    trials: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sweep", "resmem", "--out", str(tmp_path), f"--trials={trials}"])
    assert f"'{trials}' is no number of 1 or more" in capsys.readouterr().err


def test_absent_lightning_is_asked_for_before_a_folder_is_made(images: str, tmp_path: Path) -> None:
    """In a process of its own, where nothing has imported it; it was an import's own message."""
    code = (
        "import sys; sys.modules['lightning'] = None; from memnet.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    command = ["sweep", "memnet", "--data", images, "--out", str(tmp_path / "sweep")]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    wanted = "memnet: training needs Lightning: pip install 'convert-caffemodel[train]'\n"
    assert (done.returncode, done.stderr) == (2, wanted)
    assert not (tmp_path / "sweep").exists()
