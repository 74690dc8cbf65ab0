"""The command: what it writes, and one clear line with exit code 2, and nothing left behind, for bad input."""

from __future__ import annotations

import gzip
import json
import resource
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import SHARED

from converter.cli import main

FORMATS = SHARED / "goldens" / "formats"
THIN = SHARED / "goldens" / "nets" / "memnet_thin"


@pytest.fixture
def net(shared, tmp_path, monkeypatch) -> Path:
    """A small model and its prototxt, in a folder of their own that is the working directory."""
    work = tmp_path / "work"
    work.mkdir()
    for name in ("net.caffemodel", "net.prototxt"):
        shutil.copy(FORMATS / "v2_binary" / name, work / name)
        (work / name).chmod(0o644)
    monkeypatch.chdir(work)
    return work


def refuse(arguments: list[str], *parts: str, capsys) -> None:
    """Run the command, which must print one message with these parts, exit with 2 and write nothing."""
    before = sorted(Path().rglob("*"))
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith("convert-caffemodel: ")
    assert "Traceback" not in message and "internal error" not in message
    for part in parts:
        assert part in message, message
    assert sorted(Path().rglob("*")) == before


def test_folder_holds_what_is_promised(net) -> None:
    assert main(["net.caffemodel", "--prototxt", "net.prototxt"]) == 0
    folder = net / "net_torch"
    names = {
        "model.py",
        "model.safetensors",
        "preprocessor_config.json",
        "conversion.json",
        "README.md",
    }
    assert {path.name for path in folder.iterdir()} == names
    record = json.loads((folder / "conversion.json").read_text())
    rows = {row["name"]: row for row in record["layers"]}
    assert rows["fc6"]["blobs"] == [
        {"shape": [10, 54], "key": "fc6.weight", "lr_mult": 1.0, "decay_mult": 1.0},
        {"shape": [10], "key": "fc6.bias", "lr_mult": 1.0, "decay_mult": 1.0},
    ]
    assert record["model"]["format"] == "V2" and record["model"]["sha256"] is None
    assert folder.stat().st_mode & 0o777 == 0o755


def test_check_passes_and_is_printed(net, capsys) -> None:
    assert main(["net.caffemodel", "--prototxt", "net.prototxt", "--check"]) == 0
    assert "check passed: 8 blobs" in capsys.readouterr().out


def test_sha256_on_request(net) -> None:
    import hashlib

    assert main(["net.caffemodel", "--prototxt", "net.prototxt", "--sha256", "--durable"]) == 0
    record = json.loads((net / "net_torch" / "conversion.json").read_text())
    assert (
        record["model"]["sha256"]
        == hashlib.sha256((net / "net.caffemodel").read_bytes()).hexdigest()
    )


def test_inspect_prints_the_layers_and_writes_nothing(net, capsys) -> None:
    assert main(["net.prototxt", "--inspect"]) == 0
    table = capsys.readouterr().out
    assert "conv1" in table and "2x8x12x12" in table and "12 layers, 1,391 parameters" in table
    assert main(["net.prototxt", "--inspect", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (
        record["parameters"] == 1391
        and record["layers"][1]["multiply_adds"] == 2 * 8 * 12 * 12 * 75
    )
    assert not (net / "net_torch").exists()


def test_existing_folder_is_kept_without_force(net, capsys) -> None:
    (net / "net_torch").mkdir()
    (net / "net_torch" / "mine.txt").write_text("keep")
    refuse(["net.caffemodel"], "net_torch", "exists", "--force", capsys=capsys)
    refuse(["net.caffemodel", "--force"], "not a conversion", capsys=capsys)


def test_force_replaces_an_earlier_conversion(net) -> None:
    arguments = ["net.caffemodel", "--prototxt", "net.prototxt"]
    assert main(arguments) == 0
    (net / "net_torch" / "stale.txt").write_text("old")
    assert main([*arguments, "--force"]) == 0
    assert not (net / "net_torch" / "stale.txt").exists()
    assert sorted(path.name for path in net.iterdir()) == [
        "net.caffemodel",
        "net.prototxt",
        "net_torch",
    ]


def test_force_keeps_a_link(net, capsys) -> None:
    """It said that the folder behind it held no conversion."""
    assert main(["net.caffemodel", "--prototxt", "net.prototxt", "-o", "first"]) == 0
    Path("latest").symlink_to("first")
    arguments = ["net.caffemodel", "--prototxt", "net.prototxt", "-o", "latest", "--force"]
    refuse(arguments, "latest: is a link", capsys=capsys)
    assert Path("latest").is_symlink()


def test_unwritable_place_is_named(net, capsys) -> None:
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt", "-o", "/proc/x"], "/proc/x", capsys=capsys
    )
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt", "-o", "missing/deeper"],
        "missing/deeper",
        "-o",
        capsys=capsys,
    )


def test_full_disk_leaves_nothing(shared, tmp_path) -> None:
    """The file size limit stands for the full disk: the kernel refuses the same write."""
    command = [
        sys.executable,
        "-c",
        "import sys; from converter.cli import main; sys.exit(main(sys.argv[1:]))",
    ]
    done = subprocess.run(
        [
            *command,
            str(THIN / "net.caffemodel"),
            "--prototxt",
            str(THIN / "net.prototxt"),
            "-o",
            str(tmp_path / "out"),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (
        done.returncode == 2
        and "cannot be written" in done.stderr
        and "Traceback" not in done.stderr
    )
    assert list(tmp_path.iterdir()) == []


def zipped(data: bytes) -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("net.caffemodel", data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    import io

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("net.caffemodel")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 227491118\n" % (
    b"3e" * 32
)
NOT_A_MODEL = {
    "empty": (lambda data: b"", ("empty",)),
    "truncated": (lambda data: data[: len(data) // 2], ("net.caffemodel",)),
    "lfs": (lambda data: POINTER, ("Git LFS", "git lfs pull")),
    "html": (
        lambda data: b"<!DOCTYPE html><html><title>Google Drive - Virus scan warning",
        ("web page",),
    ),
    "gzip": (gzip.compress, ("gzip", "gunzip")),
    "zip": (zipped, ("zip", "unzip")),
    "tar": (tarred, ("tar", "tar xf")),
    "text": (lambda data: b'name: "x"\nlayer { name: "a" type: "ReLU" }\n', ("text",)),
    "solver": (lambda data: b'net: "train.prototxt"\nbase_lr: 0.01\n', ("solver",)),
    "png": (lambda data: b"\x89PNG\r\n\x1a\n" + bytes(100), ("image",)),
    "garbage": (lambda data: bytes(range(256)) * 20, ("net.caffemodel",)),
}


@pytest.mark.parametrize("case", NOT_A_MODEL)
def test_what_is_not_a_model_is_named(net, capsys, case: str) -> None:
    change, parts = NOT_A_MODEL[case]
    path = net / "net.caffemodel"
    path.write_bytes(change(path.read_bytes()))
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt"], "net.caffemodel", *parts, capsys=capsys
    )


@pytest.mark.parametrize(
    "case", [case for case in NOT_A_MODEL if case not in {"text", "truncated"}]
)
def test_what_is_not_a_prototxt_is_named(net, capsys, case: str) -> None:
    change, parts = NOT_A_MODEL[case]
    path = net / "net.prototxt"
    path.write_bytes(change(path.read_bytes()))
    parts = tuple(part for part in parts if part != "net.caffemodel")
    refuse(["net.caffemodel", "--prototxt", "net.prototxt"], "net.prototxt", *parts, capsys=capsys)


def test_solver_state_is_refused_with_a_useful_word(shared, net, capsys) -> None:
    for name in ("snap_binaryproto_iter_5.solverstate", "snap_hdf5_iter_5.solverstate.h5"):
        state = FORMATS / "solver" / name
        refuse(
            [str(state), "--prototxt", "net.prototxt"],
            name,
            "solver state",
            ".caffemodel",
            capsys=capsys,
        )


def test_missing_files_are_named(net, capsys) -> None:
    refuse(["nothing.caffemodel"], "nothing.caffemodel", capsys=capsys)
    refuse(["net.caffemodel", "--prototxt", "nothing.prototxt"], "nothing.prototxt", capsys=capsys)
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt", "--mean", "no.npy"],
        "no.npy",
        capsys=capsys,
    )
    refuse(["."], ".", "folder", capsys=capsys)
    refuse([], "no model", capsys=capsys)


def test_every_problem_with_weights_is_listed(net, capsys) -> None:
    text = (net / "net.prototxt").read_text()
    text = text.replace("num_output: 10", "num_output: 11").replace(
        'name: "conv2"', 'name: "conv9"'
    )
    (net / "net.prototxt").write_text(text)
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt"],
        "net.caffemodel",
        "'fc6'",
        "(10, 54)",
        "(11, 54)",
        "'conv9'",
        "no weights",
        "'fc8'",
        capsys=capsys,
    )


def test_what_to_do_about_missing_weights_is_said_once(net, capsys) -> None:
    """It stood behind each layer, and hid their list."""
    assert main(["net.prototxt"]) == 2
    message = capsys.readouterr().err
    assert message.count("no weights") == 4 and message.count("--allow-missing") == 1


def test_net_without_outputs_is_named_with_its_file(net, capsys) -> None:
    Path("train.prototxt").write_text(
        'input: "x" input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 5\n'
        'layer { name: "sink" type: "Silence" bottom: "x" }\n'
    )
    refuse(["train.prototxt"], "train.prototxt: has no outputs", "'sink'", "top", capsys=capsys)


def test_every_unsupported_layer_is_listed(net, capsys) -> None:
    text = (net / "net.prototxt").read_text().replace('"ReLU"', '"Relu"').replace('"LRN"', '"Lrn2"')
    (net / "net.prototxt").write_text(text)
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt"],
        "net.prototxt",
        "'Relu'",
        "'ReLU'",
        "'Lrn2'",
        capsys=capsys,
    )


def test_wrong_input_shape_option(net, capsys) -> None:
    arguments = ["net.caffemodel", "--prototxt", "net.prototxt", "--input-shape"]
    refuse([*arguments, "1,x"], "--input-shape", "1,3,227,227", capsys=capsys)
    refuse([*arguments, "image=1,3,27,27"], "'image'", "data", capsys=capsys)
    refuse([*arguments, "1,4,27,27"], "'conv1'", capsys=capsys)
    refuse([*arguments, "1,3,0,27"], "(1, 3, 0, 27)", capsys=capsys)


def test_mean_of_wrong_size_is_refused(net, capsys) -> None:
    np.save("mean.npy", np.zeros((3, 20, 20), np.float32))
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt", "--mean", "mean.npy"],
        "mean.npy: ",
        "27",
        capsys=capsys,
    )
    np.save("mean.npy", np.zeros((1, 27, 27), np.float32))
    refuse(
        ["net.caffemodel", "--prototxt", "net.prototxt", "--mean", "mean.npy"],
        "mean.npy: ",
        "1 channels",
        "3",
        "trained with",
        capsys=capsys,
    )


def test_channel_means_are_written_as_they_were_given(net) -> None:
    """The configuration had 103.94000244140625, the card no numbers, and a crop of the whole picture."""
    means = "".join(f"mean_value: {value} " for value in (103.94, 116.78, 123.68))
    data = f'layer {{ name: "x" type: "Data" top: "x" transform_param {{ {means} }} '
    text = Path("net.prototxt").read_text()
    Path("net.prototxt").write_text(f"{text}\n{data} include {{ phase: TRAIN }} }}")
    assert main(["net.caffemodel", "--prototxt", "net.prototxt"]) == 0
    config = json.loads((net / "net_torch/preprocessor_config.json").read_text())
    assert config["image_mean"] == [103.94, 116.78, 123.68]
    card = (net / "net_torch/README.md").read_text()
    assert "subtract the channel means 103.94, 116.78, 123.68" in card and "crop" not in card


def test_two_files_are_told_apart_by_the_option(capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["net.caffemodel", "net.prototxt"])
    assert "net.prototxt; the prototxt goes behind --prototxt" in capsys.readouterr().err


def test_json_is_the_written_record_with_its_hash(net, capsys) -> None:
    """It was printed anew, and without the hash."""
    assert main(["net.caffemodel", "--prototxt", "net.prototxt", "--sha256", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == json.loads((net / "net_torch" / "conversion.json").read_text())
    assert record["model"]["sha256"] is not None
