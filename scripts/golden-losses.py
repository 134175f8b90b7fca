#!/usr/bin/env python3
"""Keras's answers for the losses of pairs, of sequences and of noisy labels. Needs Keras 3.15 and
TensorFlow.

    golden-losses.py FOLDER      adds to FOLDER/losses and FOLDER/index.json

Then scripts/pack-golden.sh packs the folder."""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from keras import layers, losses

folder = sys.argv[1]
random = np.random.default_rng(15)
paths = []


def reduced(loss, y_true, y_pred, weight=None):
    """The reduced loss and its gradient."""
    with tf.GradientTape() as tape:
        x = tf.constant(y_pred)
        tape.watch(x)
        value = loss(y_true, x, sample_weight=weight)
    return float(value), tape.gradient(value, x).numpy()


def with_reduction(loss, reduction):
    config = loss.get_config()
    config["reduction"] = reduction
    return type(loss)(**config)


def case(name, loss, y_true, y_pred, weighted=False):
    path = os.path.join("losses", name)
    place = os.path.join(folder, path)
    os.makedirs(place, exist_ok=True)
    y_true, y_pred = np.asarray(y_true, "int32"), np.asarray(y_pred, "float32")
    value, gradient = reduced(loss, y_true, y_pred)
    each = with_reduction(loss, None)(y_true, y_pred)
    arrays = {"y_true": y_true, "y_pred": y_pred, "per_sample": each, "grad": gradient}
    config = {
        "case": name,
        "loss": keras.saving.serialize_keras_object(loss),
        "y_true_dtype": "int32",
        "note": "",
        "tol": {"rtol": 0.0001, "atol": 1e-05},
        "value": value,
    }
    if weighted:
        weight = random.uniform(0, 2, np.shape(each)).astype("float32")
        config["value_weighted"], arrays["grad_weighted"] = reduced(loss, y_true, y_pred, weight)
        for word in ("sum", "mean_with_sample_weight"):
            other = with_reduction(loss, word)
            config[f"value_weighted_{word}"] = reduced(other, y_true, y_pred, weight)[0]
        arrays["sample_weight"] = weight
    for file, array in arrays.items():
        np.save(os.path.join(place, f"{file}.npy"), np.asarray(array))
    with open(os.path.join(place, "config.json"), "w") as file:
        json.dump(config, file, indent=1)
        file.write("\n")
    paths.append(path)


def logits(*shape):
    return random.normal(size=shape) * 2


def vectors(rows, size):
    x = random.normal(size=(rows, size))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def probabilities(*shape):
    x = np.exp(random.normal(size=shape))
    return x / x.sum(axis=-1, keepdims=True)


case("ctc", losses.CTC(), [[1, 2, 3, 4], [4, 2, 0, 0], [3, 0, 0, 0]], logits(3, 7, 5), True)
case("ctc_repeated", losses.CTC(), [[1, 1, 2, 2], [3, 3, 3, 0], [1, 1, 1, 1]], logits(3, 7, 4))
case("ctc_empty", losses.CTC(), [[0, 0], [0, 2], [1, 0]], logits(3, 4, 3))
case("ctc_tight", losses.CTC(), [[1, 2, 1], [2, 2, 0], [2, 2, 1], [1, 2, 2]], logits(4, 3, 3))
case("ctc_too_long", losses.CTC(), [[1, 2, 1, 2, 1], [1, 0, 0, 0, 0]], logits(2, 3, 3))
case("ctc_inside", losses.CTC(), [[1, 0, 2, 0], [0, 1, 1, 2]], logits(2, 6, 3))
case("ctc_one", losses.CTC(reduction="sum"), [[1], [0]], logits(2, 1, 2))
case("ctc_long", losses.CTC(), random.integers(1, 12, (2, 15)), logits(2, 40, 12) * 3)

labels = [0, 1, 0, 2, 1, 0, 2, 2]
case("circle", losses.Circle(), labels, vectors(8, 5), True)
case("circle_diagonal", losses.Circle(gamma=8.0, margin=0.25, remove_diagonal=False), labels, vectors(8, 4) * 0.9)
case("circle_alone", losses.Circle(gamma=20.0), [7, -3, 7, 1000, 7, -3], vectors(6, 3) * 0.8, True)
case("circle_column", losses.Circle(gamma=2.0, margin=0.0), np.reshape(labels, (8, 1)), vectors(8, 2) * 0.7)
case("circle_far", losses.Circle(gamma=2.0), labels, logits(8, 3))
case("circle_one_class", losses.Circle(gamma=4.0), [5, 5, 5], vectors(3, 3))

generalized = losses.CategoricalGeneralizedCrossEntropy
case("categorical_generalized_cross_entropy", generalized(), [0, 3, 1, 2], probabilities(4, 5), True)
case("categorical_generalized_cross_entropy_q", generalized(q=0.05), random.integers(0, 3, (3, 4)), probabilities(3, 4, 3), True)

with open(os.path.join(folder, "index.json")) as file:
    index = json.load(file)
index["cases"] = [c for c in index["cases"] if c["path"] not in paths]
last = max(i for i, c in enumerate(index["cases"]) if c["kind"] == "losses")
index["cases"][last + 1 : last + 1] = [{"kind": "losses", "path": path} for path in paths]
with open(os.path.join(folder, "index.json"), "w") as file:
    json.dump(index, file, indent=1)
    file.write("\n")

# A network that learns sequences, as a file, and its losses of some epochs of one batch.
keras.utils.set_random_seed(3)
model = keras.Sequential([
    layers.Input((12, 3)), layers.Conv1D(8, 3, padding="same", activation="relu"), layers.Dense(5)])
model.compile(optimizer=keras.optimizers.Adam(0.02), loss=losses.CTC())
x = random.normal(size=(6, 12, 3)).astype("float32")
y = np.asarray([[1, 2, 0], [3, 3, 4], [4, 0, 0], [2, 1, 2], [1, 1, 0], [0, 0, 0]], "int32")
place = os.path.join(folder, "losses", "ctc_training")
os.makedirs(place, exist_ok=True)
model.save(os.path.join(place, "model.keras"))
history = model.fit(x, y, batch_size=6, epochs=12, shuffle=False, verbose=0).history
for file, array in {"x": x, "y": y, "losses": np.asarray(history["loss"], "float32"), "after": model.predict(x, verbose=0)}.items():
    np.save(os.path.join(place, f"{file}.npy"), array)
