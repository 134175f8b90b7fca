"""What the scripts that record Keras's answers for single layers share: a folder of arrays and a
config.json for each case (tests/golden/README.md), and the list of all cases, index.json."""
import contextlib
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf


@contextlib.contextmanager
def index_without(folder, kind):
    """The index of the folder's cases, to be added to: written again in the end, without the kind's
    old cases."""
    path = os.path.join(folder, "index.json")
    with open(path) as file:
        index = json.load(file)
    index["cases"] = [c for c in index["cases"] if not c["path"].startswith(kind + "/")]
    yield index["cases"]
    with open(path, "w") as file:
        json.dump(index, file, indent=1)
        file.write("\n")


def record(folder, path, layer, inputs, random, mask=None, run=None, **call):
    """The layer of the inputs: what it gives, and gradients by the inputs and by its weights, which
    are drawn. `mask`: which steps count; `run`: what is called in place of the layer; `call`:
    keywords and how many of the last inputs go there."""
    place = os.path.join(folder, path)
    os.makedirs(place)

    def numbers(*shape):
        return random.uniform(-1, 1, shape).astype("float32")

    tensors = [tf.constant(x) for x in inputs]
    first = len(tensors) - sum(call.values())
    keywords = {key: tensors[first:] for key, count in call.items() if count}
    if mask is not None:
        keywords["mask"] = tf.constant(mask)
        np.save(os.path.join(place, "mask.npy"), mask.astype("uint8"))
    layer.build(tensors[0].shape)
    for weight in layer.weights:
        weight.assign(numbers(*weight.shape))
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        outputs = (run or layer)(tensors[0], **keywords)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        r = [numbers(*y.shape) for y in outputs]
        total = sum(tf.reduce_sum(y * one) for y, one in zip(outputs, r))
    weights = [w.value for w in layer.weights]
    by_input, by_weight = tape.gradient(total, [tensors, weights])
    files = {"in": inputs, "out": outputs, "r": r, "gin": by_input, "w": weights, "gw": by_weight}
    for kind, arrays in files.items():
        for i, array in enumerate(arrays):
            np.save(os.path.join(place, f"{kind}{i}.npy"), np.array(array, "float32"))
    config = {
        "case": os.path.basename(path),
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
    if mask is not None:
        config["mask"] = "mask.npy"
    with open(os.path.join(place, "config.json"), "w") as file:
        json.dump(config, file, indent=1)
    return {"kind": "layers", "path": path}
