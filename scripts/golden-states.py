#!/usr/bin/env python3
"""Keras's answers for recurrent layers that begin with given states (initial_state), return those of
the end (return_state), or give both directions apart (merge_mode None). Needs Keras 3.15 and
TensorFlow.

    golden-states.py FOLDER      writes FOLDER/states and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder. The states are further inputs of a case, as capas has
them."""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(11)
N, STEPS, WIDTH, UNITS = 3, 4, 2, 3


def numbers(*shape):
    return random.uniform(-1, 1, shape).astype("float32")


def case(name, layer, states):
    path = os.path.join(folder, "states", name)
    os.makedirs(path)
    inputs = [numbers(N, STEPS, WIDTH)] + [numbers(N, UNITS) for _ in range(states)]
    tensors = [tf.constant(x) for x in inputs]
    begin = {"initial_state": tensors[1:]} if states else {}
    layer(tensors[0], **begin)
    for weight in layer.weights:
        weight.assign(numbers(*weight.shape))
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        outputs = layer(tensors[0], **{k: tensors[1:] for k in begin})
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        r = [numbers(*y.shape) for y in outputs]
        total = sum(tf.reduce_sum(y * one) for y, one in zip(outputs, r))
    weights = [w.value for w in layer.weights]
    by_input, by_weight = tape.gradient(total, [tensors, weights])
    files = {"in": inputs, "out": outputs, "r": r, "gin": by_input, "w": weights, "gw": by_weight}
    for kind, arrays in files.items():
        for i, array in enumerate(arrays):
            np.save(os.path.join(path, f"{kind}{i}.npy"), np.array(array, "float32"))
    config = {
        "case": name,
        "layer": keras.saving.serialize_keras_object(layer),
        "training": False,
        "input_shapes": [list(x.shape) for x in inputs],
        "input_dtypes": ["float32"] * len(inputs),
        "inputs": [f"in{i}.npy" for i in range(len(inputs))],
        "outputs": [f"out{i}.npy" for i in range(len(outputs))],
        "tol": {"rtol": 1e-4, "atol": 2e-5},
        "weights": [
            {"file": f"w{i}.npy", "name": w.name, "shape": list(w.shape), "trainable": True, "grad": f"gw{i}.npy"}
            for i, w in enumerate(layer.weights)
        ],
        "r": [f"r{i}.npy" for i in range(len(outputs))],
        "input_grads": {f"in{i}": f"gin{i}.npy" for i in range(len(inputs))},
    }
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file, indent=1)
    index["cases"].append({"kind": "layers", "path": "states/" + name})


with open(os.path.join(folder, "index.json")) as file:
    index = json.load(file)
index["cases"] = [c for c in index["cases"] if not c["path"].startswith("states/")]
both = {"return_sequences": True, "return_state": True}
case("simple_rnn_begins", layers.SimpleRNN(UNITS), 1)
case("lstm_begins", layers.LSTM(UNITS, return_sequences=True), 2)
case("lstm_last_begins", layers.LSTM(UNITS, return_state=True), 2)
case("gru_begins", layers.GRU(UNITS, go_backwards=True, **both), 1)
case("gru_reset_before_begins", layers.GRU(UNITS, reset_after=False, return_state=True), 1)
case("bidirectional_apart", layers.Bidirectional(layers.GRU(UNITS, return_sequences=True), merge_mode=None), 0)
case("bidirectional_apart_state", layers.Bidirectional(layers.LSTM(UNITS, **both), merge_mode=None), 0)
case("bidirectional_state", layers.Bidirectional(layers.LSTM(UNITS, return_state=True)), 0)
case("bidirectional_begins", layers.Bidirectional(layers.LSTM(UNITS, **both), merge_mode="sum"), 4)
case("bidirectional_gru_begins", layers.Bidirectional(layers.GRU(UNITS), merge_mode=None), 2)
with open(os.path.join(folder, "index.json"), "w") as file:
    json.dump(index, file, indent=1)
    file.write("\n")
