#!/usr/bin/env python3
"""Keras's answers for the layers that change pictures by chance, with factors that leave nothing to
chance, in training. Needs Keras 3.15 and TensorFlow.

    golden-augmentation.py FOLDER      writes FOLDER/augmentation and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder. The layers that move pixels are linear: their
gradients come from pictures of a single 1, as TensorFlow's own are no exact transposes."""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(7)


def fixed(f):
    return (f, f)


def color_gradient(layer, x, r):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x, training=True) * r)
    return tape.gradient(loss, x).numpy()


def linear_gradient(layer, x, r):
    shape = x.shape[1:]
    size = int(np.prod(shape))
    basis = np.eye(size, dtype="float32").reshape((size,) + shape)
    nothing = np.array(layer(np.zeros_like(x[:1]), training=True), "float64")
    columns = np.array(layer(basis, training=True), "float64") - nothing
    return np.stack([(columns * one).sum(axis=(1, 2, 3)).reshape(shape) for one in r])


def case(name, layer, shape, lowest=-1.0, highest=1.0):
    path = os.path.join(folder, "augmentation", name)
    os.makedirs(path)
    x = random.uniform(lowest, highest, (2,) + shape).astype("float32")
    y = np.array(layer(x, training=True))
    r = random.uniform(-1, 1, y.shape).astype("float32")
    color = isinstance(layer, (layers.RandomContrast, layers.RandomBrightness))
    gradient = (color_gradient if color else linear_gradient)(layer, x, r)
    for file, array in (("in0", x), ("out0", y), ("r0", r), ("gin0", gradient)):
        np.save(os.path.join(path, file + ".npy"), array.astype("float32"))
    config = {
        "case": name,
        "layer": keras.saving.serialize_keras_object(layer),
        "training": True,
        "input_shapes": [list(x.shape)],
        "input_dtypes": ["float32"],
        "inputs": ["in0.npy"],
        "outputs": ["out0.npy"],
        "tol": {"rtol": 1e-4, "atol": 2e-5 * max(1, highest)},
        "weights": [],
        "r": ["r0.npy"],
        "input_grads": {"in0": "gin0.npy"},
    }
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file, indent=1)
    index["cases"].append({"kind": "layers", "path": "augmentation/" + name})


with open(os.path.join(folder, "index.json")) as file:
    index = json.load(file)
index["cases"] = [c for c in index["cases"] if not c["path"].startswith("augmentation/")]
for fill_mode in ("reflect", "constant", "nearest"):
    how = {"fill_mode": fill_mode, "fill_value": 0.5}
    case("rotation_" + fill_mode, layers.RandomRotation(fixed(0.13), **how), (5, 4, 2))
    case("translation_" + fill_mode, layers.RandomTranslation(fixed(0.3), fixed(-0.41), **how), (5, 4, 2))
    case("zoom_" + fill_mode, layers.RandomZoom(fixed(0.45), fixed(-0.3), **how), (4, 7, 1))
case("rotation_to_nearest", layers.RandomRotation(fixed(-0.07), interpolation="nearest"), (6, 5, 1))
case("translation_wrap", layers.RandomTranslation(fixed(-0.25), fixed(0.5), fill_mode="wrap"), (4, 4, 2))
case("translation_far", layers.RandomTranslation(fixed(1.0), fixed(-0.9)), (3, 5, 1))
case("translation_channels_first", layers.RandomTranslation(fixed(0.3), fixed(0.2), data_format="channels_first"), (2, 5, 4))
case("zoom_together", layers.RandomZoom(fixed(-0.5)), (4, 4, 1))
case("contrast", layers.RandomContrast((-0.3, 0.3), value_range=(-0.8, 0.9)), (4, 5, 3))
case("contrast_none", layers.RandomContrast(0.0), (3, 3, 1), 0, 255)
case("brightness", layers.RandomBrightness(fixed(0.2)), (4, 5, 3), 0, 255)
case("brightness_less", layers.RandomBrightness(fixed(-0.1), value_range=(0, 1)), (4, 5, 1), 0, 1)
case("crop_larger", layers.RandomCrop(7, 7, seed=1), (5, 5, 2))
case("crop_middle", layers.RandomCrop(5, 3, seed=1), (5, 5, 1))
with open(os.path.join(folder, "index.json"), "w") as file:
    json.dump(index, file, indent=1)
    file.write("\n")
