#!/usr/bin/env python
"""Record what a Caffe model computes, beside that Caffe: blobs, scores of pictures, versions and hashes.

Written for Python 2.7 and 3; needs only pycaffe and NumPy. `parity-check record` prints it.

    python record.py deploy.prototxt net.caffemodel -o recorded.npz                          seeded noise, every blob
    python record.py deploy.prototxt net.caffemodel --inputs inputs.npz -o recorded.npz      arrays in/<blob>, or <blob>
    python record.py deploy.prototxt net.caffemodel --images pictures --mean mean.npy --resize 256 --crops center,ten \
        -o recorded.npz                                                                      scores of every crop as well

In a public image of Caffe, with everything in the folder at hand:

    docker run --rm -v "$PWD":/work -w /work bvlc/caffe:cpu python record.py deploy.prototxt net.caffemodel -o recorded.npz

Arrays of the file: in/<blob>, out/<blob> (after a forward; those of Caffe's own Split layers left out), images/names,
images/sha256, scores/center (N,), scores/ten (N, 10), crops/center (M, C, H, W), crops/ten (M, 10, C, H, W) of the first
M pictures, and `about`: JSON. `parity-check MODEL --against recorded.npz` reads it.
"""
from __future__ import absolute_import, division, print_function

import argparse
import hashlib
import io
import json
import os
import platform
import re
import sys

import numpy as np

DEFAULTS = {"crops": "center", "input_scale": 1.0, "mean": "", "raw_scale": 255.0, "resize": "", "swap": "2,1,0"}

FORMAT = "caffe-recording"
VERSION = 1
NOT_IMPORTABLE = 3
BATCH = 10
SPLIT = re.compile(r".*_split_[0-9]+$")
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".tif", ".tiff")


def import_caffe():
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        import caffe
    except Exception as error:
        print("cannot import caffe: %s" % error, file=sys.stderr)
        sys.exit(NOT_IMPORTABLE)
    caffe.set_mode_cpu()
    return caffe


def refuse_absent(options):
    for path in [options.prototxt, options.model, options.inputs] + options.images:
        if path and not os.path.exists(path):
            sys.exit("%s: no such file" % path)


def load_net(caffe, options):
    """Return the net in the test phase, also where pycaffe is of 2014."""
    files = [str(options.prototxt)] + ([str(options.model)] if options.model else [])
    try:
        return caffe.Net(*(files + [caffe.TEST]))
    except (AttributeError, TypeError):
        net = caffe.Net(*files)
        net.set_phase_test()
        return net


def forward(net, inputs):
    """Feed the arrays, which may have another batch size than the text's, and compute."""
    for blob in sorted(inputs):
        net.blobs[blob].reshape(*inputs[blob].shape)
    if hasattr(net, "reshape"):
        net.reshape()
    for blob in sorted(inputs):
        net.blobs[blob].data[...] = inputs[blob]
    net.forward()


def blobs_of(net, inputs):
    """Return what every blob holds; one that is only fed is left out, and one overwritten in place is not."""
    found = {}
    for name in net.blobs:
        held = np.array(net.blobs[name].data, dtype=np.float32)
        if SPLIT.match(name) or (name in inputs and np.array_equal(held, inputs[name])):
            continue
        found["out/" + name] = held
    return found


def noise(net, seed):
    """Return seeded inputs of the declared shapes, at most two rows: small integers where there is one axis, as labels."""
    random = np.random.RandomState(seed)
    inputs = {}
    for blob in net.inputs:
        shape = tuple(net.blobs[blob].data.shape)
        if len(shape) == 4:
            shape = (min(shape[0], 2),) + shape[1:]
            inputs[blob] = (60 * random.standard_normal(shape)).astype(np.float32)
        elif len(shape) == 1:
            inputs[blob] = random.randint(0, 2, shape).astype(np.float32)
        else:
            inputs[blob] = random.standard_normal(shape).astype(np.float32)
    return inputs


def read_inputs(path, net):
    with np.load(path) as file:
        named = dict((name[3:] if name.startswith("in/") else name, file[name]) for name in file.files)
    absent = [blob for blob in net.inputs if blob not in named]
    if absent:
        sys.exit("%s: has no array for input %s; it has %s" % (path, ", ".join(absent), ", ".join(sorted(named))))
    return dict((blob, named[blob].astype(np.float32)) for blob in net.inputs)


def find_images(paths):
    """Return the pictures' paths: files as given, folders walked in the order of their names."""
    found = []
    for path in paths:
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                found += [os.path.join(folder, name) for name in sorted(files) if name.lower().endswith(PICTURES)]
        else:
            found.append(path)
    if not found:
        sys.exit("%s: no pictures there" % ", ".join(paths))
    return found


def numbers_of(text, kind, says):
    try:
        return np.array([kind(number) for number in text.split(",")])
    except ValueError:
        sys.exit("%s with commas between; found %s" % (says, text))


def read_mean(caffe, text, channels):
    """Return the mean in the net's channel order, (C, 1, 1) or (C, H, W): of numbers, .npy or .binaryproto."""
    if not text:
        return None
    if text.endswith(".npy") and os.path.exists(text):
        mean = np.load(text)
        if mean.ndim == 3 and mean.shape[2] == channels and mean.shape[0] != channels:
            mean = mean.transpose(2, 0, 1)  # as MATLAB and Python tools keep it
    elif os.path.exists(text):
        proto = caffe.proto.caffe_pb2.BlobProto()
        with open(text, "rb") as file:
            proto.ParseFromString(file.read())
        mean = np.array(proto.data, dtype=np.float32)
        shape = tuple(proto.shape.dim) if len(proto.shape.dim) else (proto.channels, proto.height, proto.width)
        mean = mean.reshape(shape[-3:])
    else:
        mean = numbers_of(text, float, "--mean takes a file that is there, or numbers")
        if mean.size not in (1, channels):
            sys.exit("--mean has %d numbers, the net takes %d channels" % (mean.size, channels))
    mean = np.asarray(mean, dtype=np.float32)
    return mean.reshape(-1, 1, 1) if mean.ndim == 1 else mean


def load_image(caffe, path, color):
    """Return a picture as caffe.io.load_image does, also beside a scikit-image that is too new for it."""
    try:
        return caffe.io.load_image(path, color=color)
    except TypeError:  # it asks for `as_grey`, which is gone
        import skimage.io
    image = skimage.img_as_float(skimage.io.imread(path)).astype(np.float32)
    if image.ndim == 2:
        return np.tile(image[:, :, np.newaxis], (1, 1, 3 if color else 1))
    image = image[:, :, :3]
    return image if color else image.dot(np.array([0.2125, 0.7154, 0.0721], dtype=np.float32))[:, :, np.newaxis]


def planes_of(caffe, path, options, channels):
    """Return a picture as (C, H, W) float32 in the net's channels, resized and scaled, nothing subtracted."""
    try:
        image = load_image(caffe, path, channels == 3)
    except Exception as error:  # each reader has its own
        sys.exit("%s: cannot be read as a picture (%s)" % (path, error))
    if options.resize:
        sides = [int(side) for side in numbers_of(options.resize, int, "--resize takes numbers")]
        image = caffe.io.resize_image(image, (sides[0], sides[-1]))
    planes = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)
    if options.swap and channels == 3:
        order = numbers_of(options.swap, int, "--swap takes numbers")
        if sorted(order) != [0, 1, 2]:
            sys.exit("--swap takes 0, 1 and 2 in some order, found %s" % options.swap)
        planes = planes[order]
    return planes * np.float32(options.raw_scale)


def crops_of(planes, size, mean, options):
    """Return {"center": (C, H, W), "ten": (10, C, H, W)}: places as caffe.io.oversample takes them."""
    height, width = size
    down, across = planes.shape[1] - height, planes.shape[2] - width
    if down < 0 or across < 0:
        sys.exit("a picture of %d x %d is smaller than the net's input %d x %d; give --resize"
                 % (planes.shape[1], planes.shape[2], height, width))
    whole = mean is not None and mean.shape[1:] == planes.shape[1:]
    if whole:
        planes = planes - mean
    elif mean is not None and mean.shape[1:] not in ((1, 1), (height, width)):
        sys.exit("the mean has shape %s; it must be of the resized picture or the crop" % (mean.shape,))

    def finished(crop):
        crop = crop if whole or mean is None else crop - mean
        return np.ascontiguousarray(crop * np.float32(options.input_scale), dtype=np.float32)

    places = [(0, 0), (0, across), (down, 0), (down, across), (down // 2, across // 2)]
    five = [planes[:, top:top + height, left:left + width] for top, left in places]
    crops = {"center": finished(five[4])}
    if "ten" in options.crops:
        crops["ten"] = np.array([finished(crop) for crop in five + [crop[:, :, ::-1] for crop in five]])
    return crops


def score(net, crops, blob):
    """Return the net's one output for each crop, (n,), in batches."""
    scores = []
    for start in range(0, len(crops), BATCH):
        forward(net, {net.inputs[0]: crops[start:start + BATCH]})
        scores.append(np.array(net.blobs[blob].data, dtype=np.float32).reshape(len(crops[start:start + BATCH]), -1))
    scores = np.concatenate(scores)
    if scores.shape[1] != 1:
        sys.exit("output %s has %d numbers for a picture; a score is one" % (blob, scores.shape[1]))
    return scores[:, 0]


def record_images(caffe, net, options):
    """Return the arrays of the pictures, and what to feed for the recording of blobs: the crops of the first ones."""
    if len(net.inputs) != 1 or len(net.outputs) != 1:
        sys.exit("--images needs a net of one input and one output; this one has %d and %d"
                 % (len(net.inputs), len(net.outputs)))
    channels, height, width = tuple(net.blobs[net.inputs[0]].data.shape)[1:]
    mean = read_mean(caffe, options.mean, channels)
    paths = find_images(options.images)
    scores, kept = {}, {}
    for at, path in enumerate(paths):
        crops = crops_of(planes_of(caffe, path, options, channels), (height, width), mean, options)
        for name in options.crops:
            batch = crops[name] if name == "ten" else crops[name][None]
            scores.setdefault(name, []).append(score(net, batch, net.outputs[0]))
            if at < options.keep:
                kept.setdefault(name, []).append(crops[name])
    arrays = {
        "images/names": np.array([as_text(path) for path in paths]),
        "images/sha256": np.array([as_text(sha256(path)) for path in paths]),
    }
    for name in options.crops:
        found = np.array(scores[name])
        arrays["scores/" + name] = found if name == "ten" else found[:, 0]
        if name in kept:
            arrays["crops/" + name] = np.array(kept[name])
    fed = np.concatenate([batch if name == "ten" else batch[None] for name in kept for batch in kept[name]])
    return arrays, {net.inputs[0]: fed}


def as_text(text):
    return text if not isinstance(text, bytes) else text.decode("utf-8", "replace")


def sha256(path):
    digest = hashlib.sha256()
    with io.open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def about(caffe, net, options):
    """Return what was run on what, as JSON."""
    files = {"prototxt": options.prototxt, "model": options.model, "mean": options.mean, "inputs": options.inputs}
    hashes = dict((name, sha256(path)) for name, path in files.items() if path and os.path.isfile(path))
    return json.dumps({
        "format": FORMAT,
        "version": VERSION,
        "caffe": as_text(getattr(caffe, "__version__", "of before 2015, without a version")),
        "caffe_file": as_text(getattr(caffe, "__file__", None) or ""),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "skimage": as_text(getattr(sys.modules.get("skimage"), "__version__", "")),
        "machine": platform.platform(),
        "sha256": hashes,
        "outputs": [as_text(name) for name in net.outputs],
        "options": dict((name, value) for name, value in vars(options).items() if name != "output"),
    }, sort_keys=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("prototxt", help="deploy net")
    add("model", nargs="?", help=".caffemodel; a net without weights needs none")
    add("-o", "--output", default="recorded.npz", help="default: recorded.npz")
    add("--inputs", metavar="NPZ", help="what to feed instead of seeded noise")
    add("--seed", type=int, default=2015, help="of the noise")
    add("--images", nargs="+", metavar="PATH", default=[], help="pictures, or folders of them")
    add("--crops", default=DEFAULTS["crops"], help="center, ten or both (default: %(default)s)")
    add("--resize", metavar="H[,W]", default=DEFAULTS["resize"], help="resize pictures first, as caffe.io does (default: %(default)s)")
    add("--mean", metavar="FILE|B,G,R", default=DEFAULTS["mean"], help=".binaryproto, .npy or numbers, in 0..255 and the net's channels")
    add("--raw-scale", type=float, default=DEFAULTS["raw_scale"], help="caffe.io gives 0..1 (default: %(default)s)")
    add("--swap", metavar="2,1,0", default=DEFAULTS["swap"], help="channels of RGB that the net takes; '' leaves RGB (default: %(default)s)")
    add("--input-scale", type=float, default=DEFAULTS["input_scale"], help="factor after the mean (default: %(default)s)")
    add("--keep", type=int, default=2, help="pictures whose crops and blobs are kept (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.crops = [name for name in options.crops.replace("both", "center,ten").split(",") if name]
    if not options.crops or set(options.crops) - set(["center", "ten"]):
        parser.error("--crops takes center, ten or both")
    if options.keep < 1:
        parser.error("--keep must be at least 1")
    return options


def main(arguments=None):
    options = parse(arguments)
    caffe = import_caffe()
    refuse_absent(options)
    net = load_net(caffe, options)
    arrays = {}
    if options.images:
        arrays, inputs = record_images(caffe, net, options)
    elif options.inputs:
        inputs = read_inputs(options.inputs, net)
    else:
        inputs = noise(net, options.seed)
    forward(net, inputs)
    arrays.update(blobs_of(net, inputs))
    arrays.update(("in/" + blob, array) for blob, array in inputs.items())
    arrays["about"] = np.array(as_text(about(caffe, net, options)))
    np.savez(options.output, **arrays)
    print("%s: %d arrays" % (options.output, len(arrays)))


if __name__ == "__main__":
    main()
