"""`model.onnx` and `model.pt2`: run by onnxruntime and torch.export.load, and compared with the module."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import ROOT, SHARED
from golden import GOLDENS, assert_close, cases, find, load_case

from converter import formats, tolerance
from converter.bind import bind
from converter.check import Arrays, load_folder
from converter.cli import main
from converter.conversion import Conversion
from converter.errors import CaffeError, OutputError, UnsupportedError
from converter.exports import onnx as export_onnx
from converter.exports.write import Run
from converter.lower import lower
from converter.weights import load_weights
from converter.write import convert, write_folder

ALL = ("safetensors", "onnx", "pt2")
NETS, LAYERS, FORKS = (GOLDENS / group for group in ("nets", "layers", "forks"))
MODELS = SHARED / "models"

# Every published model is exported. The first axis is free, but where the net itself fixes it:
FIXED = {"began-generator": "its Reshape layers name a batch of 16"}
# Only this blob needs more than tolerance.EXPORT, on the pictures that Caffe was recorded with:
LIMITS = {("mtcnn-relu-det1", "prob1"): tolerance.SATURATED_SOFTMAX}

# Layers whose next step depends on numbers, not sizes, in a way that no graph of torch.export holds.
REFUSED = {
    "ROIPooling": "the borders of its bins are read from the regions",
    "PSROIPooling": "the borders of its bins are read from the regions",
    "Proposal": "non-maximum suppression goes on until nothing is left",
    "YoloDetectionOutput": "non-maximum suppression goes on until nothing is left",
    "Yolov3DetectionOutput": "non-maximum suppression goes on until nothing is left",
}


def exported(group: str, name: str, folder: Path, formats: tuple[str, ...] = ALL) -> Conversion:
    """Write a recorded case in these formats."""
    net, path, _, _ = load_case(group, name)
    weights = load_weights(path) if path else None
    conversion = Conversion(
        model=path,
        prototxt=None,
        net=net,
        weights=weights,
        lowering=lower(net),
        bound=bind(net, weights, allow_missing=True),
        preprocess=None,
        notes=(),
    )
    return write_folder(conversion, folder, formats=formats)


def runs(folder: Path, fed: Arrays) -> dict[str, list[np.ndarray]]:
    """The outputs of the module and of each exported file, begun anew."""
    record = json.loads((folder / "conversion.json").read_text())
    module = load_folder(folder, record["class"])
    tensors = [torch.tensor(fed[entry["blob"]]) for entry in record["inputs"]]
    with torch.no_grad():
        found = {"module": module(*tensors)}
        found["pt2"] = torch.export.load(folder / "model.pt2").module()(*tensors)
    arrays = {
        key: [part.numpy() for part in (out if isinstance(out, tuple) else (out,))]
        for key, out in found.items()
    }
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    inputs = [entry.name for entry in session.get_inputs()]
    arrays["onnx"] = session.run(
        None, {name: t.numpy() for name, t in zip(inputs, tensors, strict=True)}
    )
    return arrays


def check_exports(folder: Path, fed: Arrays, limits: dict[str, float] | None = None) -> None:
    """Compare both files with the module, output by output."""
    found = runs(folder, fed)
    record = json.loads((folder / "conversion.json").read_text())
    for at, entry in enumerate(record["outputs"]):
        limit = (limits or {}).get(entry["blob"], tolerance.EXPORT)
        for key in ("pt2", "onnx"):
            what = f"{entry['blob']} ({key})"
            assert_close(what, found[key][at], found["module"][at], limit)


def repeated(fed: Arrays, times: int) -> Arrays:
    """The inputs with a larger first axis, and not the same picture again."""
    return {
        blob: np.concatenate([array * np.float32(1 - 0.1 * at) for at in range(times)])
        for blob, array in fed.items()
    }


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("nets", "se_prelu_face"),
        pytest.param(
            "forks", "net_mini_ssd", marks=pytest.mark.slow
        ),  # tracing its loop takes seconds
    ],
)
def test_both_files_equal_the_module_at_another_batch(
    group: str, name: str, tmp_path: Path
) -> None:
    conversion = exported(group, name, tmp_path / "net")
    assert not any(export.fixed for export in conversion.exports)
    fed = {blob: np.float32(array) for blob, array in load_case(group, name)[2].items()}
    check_exports(tmp_path / "net", fed)
    check_exports(tmp_path / "net", repeated(fed, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A net of two outputs, written through the command line."""
    folder = tmp_path_factory.mktemp("exports") / "net"
    net = NETS / "trainval_test_phase"
    arguments = [str(net / "net.caffemodel"), "--prototxt", str(net / "net.prototxt")]
    assert main([*arguments, "--format", "onnx,pt2", "-o", str(folder)]) == 0
    return folder


def test_inputs_and_outputs_are_named_like_blobs_and_the_axis_batch(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    record = json.loads((folder / "conversion.json").read_text())
    for key, values in ("inputs", model.graph.input), ("outputs", model.graph.output):
        assert [entry["blob"] for entry in record[key]] == [value.name for value in values]
    assert {value.type.tensor_type.shape.dim[0].dim_param for value in model.graph.input} == {
        "batch"
    }


def test_record_and_card_list_the_files(folder: Path) -> None:
    record = json.loads((folder / "conversion.json").read_text())
    assert (
        set(record["files"])
        == {path.name for path in folder.iterdir()}
        >= {"model.onnx", "model.pt2"}
    )
    assert [entry["format"] for entry in record["exports"]] == ["pt2", "onnx"]
    card = (folder / "README.md").read_text()
    assert "`model.onnx`" in card and "`model.pt2`" in card


def test_files_name_no_places(folder: Path) -> None:
    for file in ("model.onnx", "model.pt2"):
        content = (folder / file).read_bytes()
        assert str(folder.parent).encode() not in content and b"site-packages" not in content


def test_axes_that_the_net_fixes_are_noted(tmp_path: Path) -> None:
    conversion = exported("layers", "lstm_fractional_cont", tmp_path / "net", ("pt2",))
    steps, _, _ = conversion.net.shapes[conversion.net.inputs[0]]
    assert conversion.exports[0].fixed == conversion.net.inputs
    assert any("fixed first axis" in note and f" at {steps}" in note for note in conversion.notes)
    assert any("carry no state" in note for note in conversion.notes)


def test_small_summands_stay(tmp_path: Path) -> None:
    # The ONNX optimiser took MVN's eps of 1e-9 for 0: NaN in a plane without variance.
    exported("layers", "mvn_const_plane", tmp_path / "net")
    check_exports(tmp_path / "net", load_case("layers", "mvn_const_plane")[2])


def test_output_with_the_name_of_an_input_gets_another(tmp_path: Path) -> None:
    exported("layers", "inplace_on_input", tmp_path / "net")
    model = onnx.load(tmp_path / "net" / "model.onnx")
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == [
        "data",
        "data_out",
    ]


def test_equal_scores_keep_their_order_in_onnx(tmp_path: Path) -> None:
    # torch.sort(stable=True) has no translation of the exporter's own.
    net = tmp_path / "net.prototxt"
    net.write_text(
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 6 } } }\n'
        'layer { name: "top" type: "ArgMax" bottom: "data" top: "top" argmax_param { top_k: 4 } }\n'
    )
    folder = convert(None, prototxt=net, out=tmp_path / "out", formats=ALL)
    check_exports(folder, {"data": np.float32([[1, 3, 3, 2, 3, 1], [0, 0, 0, 0, 0, 0]])})


def test_large_weights_go_into_a_file_beside(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(export_onnx, "LARGEST", 0)
    exported("layers", "ip_batch1", tmp_path / "net")
    record = json.loads((tmp_path / "net" / "conversion.json").read_text())
    assert "model.onnx.data" in record["files"]
    check_exports(tmp_path / "net", load_case("layers", "ip_batch1")[2])


def test_difference_fails_the_conversion(tmp_path: Path, monkeypatch) -> None:
    def wrong(folder: Path) -> Run:
        run = original(folder)
        return lambda fed: [output + np.float32(0.01) for output in run(fed)]

    original = export_onnx.open_onnx
    monkeypatch.setattr(export_onnx, "open_onnx", wrong)
    message = r"model\.onnx: output '.+' differs from the module by .+, limit 1e-05"
    with pytest.raises(OutputError, match=message):
        exported("layers", "ip_batch1", tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_layer_that_cannot_be_exported_is_named(tmp_path: Path, capfd) -> None:
    arguments = ["--format", "pt2", "-o", str(tmp_path / "net")]
    assert main([str(FORKS / "roipool_outside" / "net.prototxt"), *arguments]) == 2
    found = capfd.readouterr()
    assert re.fullmatch(
        r"convert-caffemodel: .*layer '\w+' \(ROIPooling\) cannot be exported .*\n", found.err
    )
    assert not list(tmp_path.iterdir())


def test_exporters_say_nothing(tmp_path: Path, capfd) -> None:
    exported("layers", "elu", tmp_path / "net")
    assert capfd.readouterr() == ("", "")


def test_unknown_format_is_refused() -> None:
    with pytest.raises(
        UnsupportedError, match="unknown format 'tflite'; known are safetensors, onnx, pt2"
    ):
        convert("any.caffemodel", formats=("tflite",))


def test_missing_package_is_one_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnxruntime" else name)
    assert main(["net.prototxt", "--format", "onnx,pt2"]) == 2
    expected = "convert-caffemodel: format 'onnx' needs onnxruntime: pip install 'convert-caffemodel[onnx]'\n"
    assert capsys.readouterr().err == expected


def test_without_these_formats_torch_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'onnx', 'onnxruntime', 'onnxscript'])); "
        "from converter.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    net = NETS / "se_prelu_face"
    arguments = [net / "net.caffemodel", "--prototxt", net / "net.prototxt", "-o", tmp_path / "net"]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, cwd=ROOT)


def models() -> list[dict]:
    index = MODELS / "index.json"
    return json.loads(index.read_text()) if index.is_file() else []


def recorded(name: str) -> Iterator[Arrays]:
    """What Caffe was fed with, in each recording of a model."""
    for path in sorted((MODELS / name).glob("blobs*.npz")):
        blobs = np.load(path)
        yield {key[3:]: np.float32(blobs[key]) for key in blobs.files if key.startswith("in/")}


@pytest.mark.slow
@pytest.mark.parametrize("model", models(), ids=lambda model: model["name"])
def test_published_model_is_exported(model: dict, tmp_path: Path) -> None:
    name = model["name"]
    limits = {blob: limit for (of, blob), limit in LIMITS.items() if of == name}
    declared = written(model, tmp_path / "declared", {})
    for at, fed in enumerate(recorded(name)):
        folder = (
            written(model, tmp_path / f"recorded{at}", fed) if differs(declared, fed) else declared
        )
        check_exports(folder, fed, limits)
        if name not in FIXED:
            check_exports(folder, repeated(fed, 2), limits)


def written(model: dict, folder: Path, fed: Arrays) -> Path:
    """Convert a published model through the command line, at the sizes of these inputs."""
    arguments = [str(MODELS / model["model_file"]), "--prototxt", str(MODELS / model["deploy"])]
    for blob, array in fed.items():
        arguments += ["--input-shape", f"{blob}={','.join(map(str, array.shape))}"]
    assert main([*arguments, "--format", "onnx,pt2", "-o", str(folder)]) == 0
    record = json.loads((folder / "conversion.json").read_text())
    fixed = any(export["inputs_with_fixed_first_axis"] for export in record["exports"])
    assert fixed == (model["name"] in FIXED)
    return folder


def differs(folder: Path, fed: Arrays) -> bool:
    """Whether inputs have other sizes than the declared ones, apart from the batch."""
    inputs = json.loads((folder / "conversion.json").read_text())["inputs"]
    return any(list(fed[entry["blob"]].shape[1:]) != entry["shape"][1:] for entry in inputs)


def test_every_published_model_stands_in_the_table() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (free|fixed)", (ROOT / "docs" / "exports.md").read_text(), re.MULTILINE
    )
    expected = [
        (model["name"], "fixed" if model["name"] in FIXED else "free") for model in models()
    ]
    if not expected:
        pytest.skip("needs the published models")
    assert sorted(rows) == sorted(expected)


def test_every_refused_layer_stands_in_the_table() -> None:
    rows = re.findall(
        r"^\| ([A-Z]\w+) \| ([^|]+) \|$", (ROOT / "docs" / "exports.md").read_text(), re.MULTILINE
    )
    assert dict(rows) == REFUSED


def some_cases() -> list[tuple[str, str]]:
    """All recorded nets, and the first case of every layer type; all of them would take a quarter of an hour."""
    found = [("nets", name) for name in cases("nets")]
    found += [("forks", name) for name in cases("forks") if name.startswith("net_")]
    seen = set[str]()
    for group in ("layers", "forks"):
        for name in cases(group):
            types = set(find(group, name)["layer_types"])
            if types - seen and (group, name) not in found:
                found.append((group, name))
            seen |= types
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("group", "name"), some_cases())
def test_recorded_case_is_exported_or_refused(group: str, name: str, tmp_path: Path, capfd) -> None:
    net, _, fed, _ = load_case(group, name)
    refused = {layer.type for layer in net.layers} & REFUSED.keys()
    if refused:
        with pytest.raises(
            CaffeError, match=rf"layer '.*' \({'|'.join(refused)}\) cannot be exported"
        ):
            exported(group, name, tmp_path / "net")
        return
    exported(group, name, tmp_path / "net")
    check_exports(tmp_path / "net", {blob: np.float32(array) for blob, array in fed.items()})
    assert capfd.readouterr() == ("", "")  # neither exporters nor onnxruntime
