"""Stored blobs, against protobuf's own parser, h5py, and what real Caffe did with the same files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from one_layer import net_of

from converter.bind import bind
from converter.errors import CaffeError, FileFormatError, WeightsError
from converter.weights import load_weights
from protos import BlobProto, NetParameter, V1LayerParameter

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(3)
MATRIX = RNG.normal(size=(3, 5)).astype("<f4")
BIAS = RNG.normal(size=3).astype("<f4")
IMAGE_FILTER = RNG.normal(size=(2, 3, 5, 7)).astype("<f4")


def blob(array: np.ndarray[Any, Any], *dims: int, **fields: Any) -> BlobProto:
    """A blob as Caffe writes it today, or with four legacy dims."""
    proto = BlobProto(data=array.ravel(), **fields)
    if dims:
        proto.num, proto.channels, proto.height, proto.width = dims
    else:
        proto.shape.dim.extend(array.shape)
    return proto


def written(path: Path, *blobs: BlobProto, kind: str = "InnerProduct", name: str = "ip") -> Path:
    net = NetParameter(name="net")
    net.layer.add(name=name, type=kind, blobs=blobs)
    path.write_bytes(net.SerializeToString())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.caffemodel"


def stored(path: Path) -> dict[str, list[np.ndarray[Any, Any]]]:
    """The blobs of a binary file by protobuf; the last of a name wins."""
    net = NetParameter.FromString(path.read_bytes())
    layers = [old.layer if old.HasField("layer") else old for old in net.layers] or net.layer
    return {
        layer.name: [np.array(b.double_data or b.data, np.float32) for b in layer.blobs]
        for layer in layers
    }


def test_every_published_model_gives_the_bits_that_protobuf_reads(shared: Path) -> None:
    paths = [*shared.glob("models/*/*.caffemodel"), *shared.glob("goldens/formats/*/*.caffemodel")]
    assert len(paths) > 40
    for path in paths:
        if path.parent.name == "hyperlpr-finemap-2019":
            continue  # half precision, which our BlobProto does not name
        weights, wanted = load_weights(path), stored(path)
        assert list(weights) == list(wanted), path
        for name, arrays in weights.items():
            for array, expected in zip(arrays, wanted[name], strict=True):
                assert array.dtype == np.float32
                assert array.tobytes() == expected.tobytes(), (path, name)


def test_half_precision_of_nvcaffe_is_read(shared: Path) -> None:
    path = shared / "models/hyperlpr-finemap-2019/HorizonalFinemapping.caffemodel"
    data, weights = path.read_bytes(), load_weights(path)
    found = 0
    for arrays in weights.values():
        for array in arrays:
            assert data.count(array.astype("<f2").tobytes()) >= 1
            found += array.size
    assert found > 10_000


SAME_WEIGHTS = [
    ("v0_binary", "V0"),
    ("v1_binary_legacy_dims", "V1"),
    ("v1_binary_shape", "V1"),
    ("v2_legacy_dims", "V2"),
    ("v2_double_data", "V2"),
    ("v2_with_diff", "V2"),
    ("v2_unpacked_floats", "V2"),
    ("v2_unknown_field", "V2"),
    ("v2_hdf5", "HDF5"),
]


@pytest.mark.parametrize(("case", "version"), SAME_WEIGHTS)
def test_all_formats_hold_the_same_blobs_in_the_same_shapes(
    shared: Path, case: str, version: str
) -> None:
    formats = shared / "goldens/formats"
    weights = load_weights(next((formats / case).glob("net.caffemodel*")))
    wanted = load_weights(formats / "v2_binary/net.caffemodel")
    assert weights.format == version
    for name in ("conv1", "conv2", "fc6", "fc8"):
        for array, expected in zip(weights[name], wanted[name], strict=True):
            np.testing.assert_array_equal(array, expected, strict=True)
    if version != "HDF5":
        assert weights.types["fc6"] == wanted.types["fc6"] == "InnerProduct"


def test_packed_floats_are_views_that_cannot_be_written(path: Path) -> None:
    weights = load_weights(written(path, blob(MATRIX), blob(BIAS)))
    matrix, bias = weights["ip"]
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 1
    for array, wanted in ((matrix, MATRIX), (bias, BIAS), (matrix[1:], MATRIX[1:])):
        span = weights.span(array)
        assert span is not None
        assert path.read_bytes()[span[1] : span[1] + array.nbytes] == wanted.tobytes()


def test_span_is_none_for_what_is_not_in_the_file(path: Path) -> None:
    proto = BlobProto(shape={"dim": [3, 5]}, double_data=MATRIX.ravel())
    weights = load_weights(written(path, blob(MATRIX), proto))
    matrix, doubles = weights["ip"]
    for array in (doubles, matrix.T, matrix.astype("f8"), matrix.copy(), matrix.view("<i4")):
        assert weights.span(array) is None


def test_views_outlive_the_weights(path: Path) -> None:
    matrix = load_weights(written(path, blob(MATRIX)))["ip"][0]
    path.unlink()
    np.testing.assert_array_equal(matrix, MATRIX)


def test_data_in_several_chunks_is_joined(path: Path) -> None:
    chunks = [blob(MATRIX[:2]), BlobProto(data=MATRIX[2]), BlobProto(shape={"dim": [1]})]
    chunks[0].shape.CopyFrom(BlobProto(shape={"dim": [18]}).shape)
    data = b"".join(chunk.SerializeToString() for chunk in chunks)
    data += b"".join(b"\x2d" + value.tobytes() for value in BIAS)  # unpacked
    path.write_bytes(layer(b"\x0a\x02ip", field(7, data)))
    (array,) = load_weights(path)["ip"]
    wanted = np.concatenate([MATRIX.ravel(), BIAS]).reshape(18, 1)
    np.testing.assert_array_equal(array, wanted, strict=True)


def field(number: int, body: bytes) -> bytes:
    """A length-delimited field of a small message."""
    assert number < 16
    assert len(body) < 128
    return bytes([number << 3 | 2, len(body)]) + body


def layer(*fields: bytes) -> bytes:
    body = b"".join(fields)
    assert len(body) < 128
    return b"\xa2\x06" + bytes([len(body)]) + body


@pytest.mark.parametrize(
    ("number", "dtype"), [(0, "<f8"), (1, "<f4"), (2, "<f2")], ids=["double", "float", "half"]
)
def test_raw_data_of_each_type_is_read(path: Path, number: int, dtype: str) -> None:
    wanted = np.array([[1.5, -2.25, 0.1]], dtype)
    raw = field(7, b"\x08\x01\x08\x03") + bytes([10 << 3, number])
    path.write_bytes(layer(b"\x0a\x02ip", field(7, raw + field(12, wanted.tobytes()))))
    (array,) = load_weights(path)["ip"]
    np.testing.assert_array_equal(array, wanted.astype(np.float32), strict=True)


def test_raw_data_of_another_type_is_refused(path: Path) -> None:
    raw = field(7, b"\x08\x01") + bytes([10 << 3, 3]) + field(12, b"\x07")
    path.write_bytes(layer(b"\x0a\x02ip", field(7, raw)))
    message = r"net.caffemodel: layer 'ip': blob 0: has raw_data of a type other than"
    with pytest.raises(FileFormatError, match=message):
        load_weights(path)["ip"]


def test_doubles_beyond_float32_become_infinite_as_in_caffe(path: Path) -> None:
    proto = BlobProto(shape={"dim": [2]}, double_data=[1e300, 0.1])
    (array,) = load_weights(written(path, proto))["ip"]
    np.testing.assert_array_equal(array, np.array([np.inf, 0.1], np.float32), strict=True)


LEGACY = [
    ("InnerProduct", 0, (1, 1, 3, 5), (3, 5)),
    ("InnerProduct", 1, (1, 1, 1, 3), (3,)),
    ("InnerProduct", 0, (3, 5, 1, 1), (3, 5, 1, 1)),
    ("InnerProduct", 0, (1, 1, 1, 7), (1, 7)),
    ("Convolution", 0, (1, 1, 3, 5), (1, 1, 3, 5)),
    ("Convolution", 1, (1, 1, 1, 3), (3,)),
    ("Deconvolution", 1, (1, 1, 1, 1), (1,)),
    ("Embed", 0, (1, 1, 3, 5), (3, 5)),
    ("PReLU", 0, (1, 1, 1, 3), (3,)),
    ("BatchNorm", 2, (1, 1, 1, 1), (1,)),
    ("BatchNorm", 0, (1, 3, 1, 1), (1, 3, 1, 1)),
    ("SomeForkLayer", 0, (1, 1, 1, 3), (1, 1, 1, 3)),
]


@pytest.mark.parametrize(("kind", "index", "dims", "shape"), LEGACY)
def test_legacy_dims_are_shortened_by_layer_type(
    path: Path, kind: str, index: int, dims: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    protos = [blob(np.zeros(1), 1, 1, 1, 1)] * index + [blob(np.arange(np.prod(dims)), *dims)]
    weights = load_weights(written(path, *protos, kind=kind))
    assert weights["ip"][index].shape == shape


def test_old_types_have_todays_names(path: Path) -> None:
    net = NetParameter()
    net.layers.add(name="fc", type=V1LayerParameter.INNER_PRODUCT, blobs=[blob(MATRIX, 1, 1, 3, 5)])
    net.layers.add(name="loss", type=V1LayerParameter.SOFTMAX_LOSS)
    path.write_bytes(net.SerializeToString())
    weights = load_weights(path)
    assert dict(weights.types) == {"fc": "InnerProduct", "loss": "SoftmaxWithLoss"}
    assert weights["fc"][0].shape == (3, 5)
    assert weights["loss"] == ()


FITS = [
    ((1, 1, 3, 5), (3, 5), True),
    ((1, 1, 3, 5), (1, 3, 5), True),
    ((1, 1, 3, 5), (1, 1, 3, 5), True),
    ((1, 1, 3, 5), (1, 1, 1, 3, 5), False),
    ((1, 1, 3, 5), (5, 3), False),
    ((1, 1, 3, 5), (15,), False),
    ((3, 5, 1, 1), (3, 5), False),
    ((), (3, 5), True),
    ((), (1, 3, 5), False),
    ((), (15,), False),
    ((), (5, 3), False),
]


@pytest.mark.parametrize(("dims", "shape", "fits"), FITS)
def test_fit_compares_shapes_as_caffe_does(
    path: Path, dims: tuple[int, ...], shape: tuple[int, ...], fits: bool
) -> None:
    weights = load_weights(written(path, blob(MATRIX, *dims)))
    if fits:
        np.testing.assert_array_equal(weights.fit("ip", 0, shape), MATRIX.reshape(shape))
        return
    with pytest.raises(WeightsError, match=r"layer 'ip': blob 0 has shape .* the net needs"):
        weights.fit("ip", 0, shape)


def test_fit_gives_a_scalar(path: Path) -> None:
    proto = blob(np.array([0.25], "<f4"), 1, 1, 1, 1)
    weights = load_weights(written(path, proto, kind="PReLU"))
    assert weights.fit("ip", 0, ()).shape == ()
    assert weights.span(weights.fit("ip", 0, ())) is not None


@pytest.mark.parametrize(("name", "index"), [("ip", 1), ("other", 0)])
def test_fit_refuses_a_blob_that_is_not_stored(path: Path, name: str, index: int) -> None:
    weights = load_weights(written(path, blob(MATRIX)))
    with pytest.raises(WeightsError, match=f"layer '{name}': the file has no blob {index}"):
        weights.fit(name, index, (3, 5))


REFUSED_BY_SHAPE = [
    ("model_wrong_shape", "has shape (2, 4) in the file, the net needs (2, 3)"),
    ("model_transposed_shape", "has shape (3, 2) in the file, the net needs (2, 3)"),
    ("model_flat_shape", "has shape (6,) in the file, the net needs (2, 3)"),
    ("model_legacy_2311", "has shape (2, 3, 1, 1) in the file, the net needs (2, 3)"),
]


@pytest.mark.parametrize(("case", "message"), REFUSED_BY_SHAPE)
def test_shapes_that_caffe_refuses_are_refused(shared: Path, case: str, message: str) -> None:
    weights = load_weights(shared / "goldens/invalid" / case / "net.caffemodel")
    with pytest.raises(WeightsError) as refused:
        weights.fit("ip", 0, (2, 3))
    assert message in str(refused.value)


REFUSED_FILES = [
    ("model_short_data", "blob 0: has dims (2, 3), which need 6 numbers, but the file holds 3"),
    ("model_no_shape", "blob 0: has dims (), which need 1 numbers, but the file holds 6"),
    ("model_legacy_partial_dims", "blob 1: has dims (0, 0, 0, 2), every one of which must be 1"),
    ("model_truncated", "is damaged or cut short: field 100 needs 69 bytes, 60 are left at byte 3"),
    ("model_empty_file", "holds no weights: it is an empty file"),
    ("model_garbage", "holds no weights: it is an image"),
    ("model_text", "holds no weights: it is a Caffe net as text"),
]


@pytest.mark.parametrize(("case", "message"), REFUSED_FILES)
def test_files_that_caffe_should_refuse_are_refused(shared: Path, case: str, message: str) -> None:
    path = shared / "goldens/invalid" / case / "net.caffemodel"
    with pytest.raises(FileFormatError) as refused:
        load_weights(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_contradicting_dims_are_decided_and_told(shared: Path) -> None:
    weights = load_weights(shared / "goldens/invalid/model_both_dims/net.caffemodel")
    assert weights["c"][0].shape == (3, 2, 2, 2)
    (warning,) = weights.warnings
    assert "blob 0 has legacy dims (3, 2, 2, 2) and shape (9, 9)" in warning


def test_doubles_win_over_floats_and_that_is_told(shared: Path) -> None:
    weights = load_weights(shared / "goldens/invalid/model_double_and_float/net.caffemodel")
    np.testing.assert_array_equal(weights["ip"][0], np.full((2, 3), 2, np.float32))
    (warning,) = weights.warnings
    assert "both data and double_data" in warning


def test_agreeing_dims_are_no_contradiction(path: Path) -> None:
    proto = blob(MATRIX, 1, 1, 3, 5)
    proto.shape.dim.extend([3, 5])
    assert load_weights(written(path, proto)).warnings == ()


def test_last_of_equal_names_wins_and_that_is_told(shared: Path) -> None:
    path = shared / "goldens/formats/duplicate_layer_names_in_model/net.caffemodel"
    weights = load_weights(path)
    recorded = np.load(path.with_name("blobs.npz"))
    matrix, bias = weights["ip"]
    out = recorded["in/data"] @ matrix.T + bias
    np.testing.assert_allclose(out, recorded["out/ip"], rtol=1e-5)
    assert weights.warnings == ("layer 'ip' is stored 2 times; as in Caffe, the last one wins",)


def test_layers_without_blobs_are_kept(shared: Path, path: Path) -> None:
    weights = load_weights(shared / "goldens/invalid/model_no_blobs_layer/net.caffemodel")
    assert weights["ip"] == ()
    assert (weights.count("ip"), "ip" in weights, "else" in weights) == (0, True, False)


def test_a_net_without_layers_is_refused(path: Path) -> None:
    path.write_bytes(NetParameter(name="net", input=["data"]).SerializeToString())
    with pytest.raises(FileFormatError, match="holds no weights"):
        load_weights(path)


def test_mixed_formats_are_refused(path: Path) -> None:
    net = NetParameter()
    net.layer.add(name="a")
    net.layers.add(name="b")
    path.write_bytes(net.SerializeToString())
    with pytest.raises(FileFormatError, match="mixes layers of the formats V1 and V2"):
        load_weights(path)


def test_more_axes_than_caffe_has_are_refused(path: Path) -> None:
    proto = BlobProto(shape={"dim": [1] * 33}, data=[1])
    with pytest.raises(FileFormatError, match="blob 0: has 33 axes, Caffe allows 32"):
        load_weights(written(path, proto))


def test_names_of_any_bytes_are_kept(path: Path) -> None:
    path.write_bytes(layer(b"\x0a\x03a\xe9/"))
    assert list(load_weights(path)) == ["a\udce9/"]


def test_net_bytes_are_the_net_without_blobs(path: Path) -> None:
    net = NetParameter.FromString(load_weights(written(path, blob(MATRIX))).net_bytes)
    assert net.layer[0].name == "ip"
    assert len(net.layer[0].blobs) == 0


@pytest.mark.parametrize("case", ["v0_binary", "bn_legacy_dims", "v2_unpacked_floats"])
def test_cut_files_are_refused_in_words(shared: Path, path: Path, case: str) -> None:
    data = (shared / "goldens/formats" / case / "net.caffemodel").read_bytes()
    whole = set(load_weights(shared / "goldens/formats" / case / "net.caffemodel"))
    for length in range(0, len(data), 1 + len(data) // 700):
        path.write_bytes(data[:length])
        names = readable_names(path)
        assert names is None or names <= whole  # a cut between layers cannot be seen


def test_damaged_files_are_read_or_refused_in_words(shared: Path, path: Path) -> None:
    data = (shared / "goldens/formats/v2_legacy_dims/net.caffemodel").read_bytes()
    rng = np.random.default_rng(11)
    refused = 0
    for _ in range(500):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] = rng.integers(256)
        damaged[rng.integers(120)] = rng.integers(256)
        path.write_bytes(damaged)
        refused += readable_names(path) is None
    assert refused > 50


def readable_names(path: Path) -> set[str] | None:
    try:
        weights = load_weights(path)
        for arrays in weights.values():
            for array in arrays:
                array.sum(dtype=np.float64)
    except CaffeError as error:
        if not str(error).startswith(str(path)):
            raise
        return None
    return set(weights)


def test_hdf5_equals_h5py(shared: Path) -> None:
    paths = [*shared.glob("models/*/*.caffemodel.h5"), *shared.glob("goldens/formats/*/*.h5")]
    for path in (path for path in paths if path.parent.name != "solver"):
        weights = load_weights(path)
        with h5py.File(path) as file:
            assert set(weights) == set(file["data"])
            for name, arrays in weights.items():
                assert len(arrays) == len(file["data"][name])
                for index, array in enumerate(arrays):
                    wanted = file["data"][name][str(index)][()]
                    np.testing.assert_array_equal(array, wanted, strict=True)
                    assert not array.flags.writeable
                    assert weights.span(array) is None
        assert (weights.net_bytes, weights.format, set(weights.types.values())) == (
            b"",
            "HDF5",
            {""},
        )


def test_binary_file_holds_shared_blobs_with_each_layer(path: Path) -> None:
    """CopyTrainedLayersFrom (net.cpp) counts them; only HDF5 leaves them out."""
    layer = """layer { name: "%s" type: "InnerProduct" bottom: "x" top: "%s"
        param { name: "w" } param { name: "b" } inner_product_param { num_output: 3 } }"""
    net = net_of(path.parent, layer % ("a", "a") + layer % ("b", "b"), x=np.zeros((2, 5)))
    proto = NetParameter()
    proto.layer.add(name="a", type="InnerProduct", blobs=[blob(MATRIX), blob(BIAS)])
    proto.layer.add(name="b", type="InnerProduct", blobs=[blob(MATRIX)])
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(WeightsError, match="layer 'b': the file has 1 blobs, the net needs weight"):
        bind(net, load_weights(path))
