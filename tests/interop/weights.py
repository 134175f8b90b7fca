"""Weights that Keras wrote into networks by name: all outputs and the summary are Keras's own.

    weights.py LIBCAPAS

For some networks of keras.applications, with drawn weights and drawn statistics of their batch normalisations: the
file of weights in every form that Keras and NumPy write (.weights.h5, whole .keras and .h5, .npz in get_weights'
order, .npz and .safetensors by name) is loaded into capas's network of that name; for random pictures all outputs must
agree to 1e-4 of each, and the three likeliest classes be the same. The bytes' way into the network must be
preprocess_input's, the summary Keras's line by line. Prints a line for each; exit status 1 when one differs.
"""

import ctypes
import json
import os
import struct
import sys
import tempfile

import keras
import numpy as np

NETWORKS = {"ResNet50": "resnet50", "MobileNetV2": "mobilenet_v2", "DenseNet121": "densenet", "EfficientNetB0": "efficientnet"}
PICTURES = 2


class Shape(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int), ("dims", ctypes.c_int64 * 8)]


class Tensor(ctypes.Structure):
    _fields_ = [("element", ctypes.c_int), ("shape", Shape), ("data", ctypes.c_void_p)]


FLOAT32, UINT8 = 0, 3


def open_library(path):
    library = ctypes.CDLL(path)
    for name, arguments in {"capas_application_with": [ctypes.c_char_p, ctypes.c_void_p],
                            "capas_load_weights": [ctypes.c_void_p, ctypes.c_char_p],
                            "capas_predict_tensors": [ctypes.c_void_p, ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), ctypes.c_int64],
                            "capas_summary_with": [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p)],
                            "capas_model_free": [ctypes.c_void_p], "capas_error": []}.items():
        getattr(library, name).argtypes = arguments
    library.capas_application_with.restype = ctypes.c_void_p
    library.capas_error.restype = ctypes.c_char_p
    return library


def draw(network):
    """Weights whose outputs differ from class to class, with statistics as after some training."""
    random = np.random.default_rng(7)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape
            layer.set_weights([random.uniform(0.8, 1.2, size), random.normal(0, 0.1, size),
                               random.normal(0, 0.1, size), random.uniform(0.7, 1.3, size)])
        elif isinstance(layer, keras.layers.Normalization):
            layer.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]) ** 2, np.array(0)])
            layer.finalize_state()


def write_safetensors(path, arrays):
    header, data = {}, b""
    for name in sorted(arrays):  # as the package safetensors does
        array = np.asarray(arrays[name], dtype="<f4", order="C")
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def write_all(network, folder):
    named = {weight.path: np.asarray(weight) for weight in network.weights}
    paths = [os.path.join(folder, name) for name in
             ("own.weights.h5", "whole.keras", "whole.h5", "order.npz", "names.npz", "names.safetensors")]
    network.save_weights(paths[0])
    network.save(paths[1])
    network.save(paths[2])
    np.savez(paths[3], *network.get_weights())
    np.savez(paths[4], **named)
    write_safetensors(paths[5], named)
    return paths


def predict(library, model, pictures):
    found = np.zeros((len(pictures), 1000), np.float32)
    taken = Tensor(UINT8, Shape(), pictures.ctypes.data)
    given = Tensor(FLOAT32, Shape(), found.ctypes.data)
    if library.capas_predict_tensors(model, ctypes.byref(taken), ctypes.byref(given), len(pictures)) != 0:
        sys.exit(library.capas_error().decode())
    return found


def same_summary(library, model, network):
    lines = []
    network.summary(print_fn=lambda line, **_: lines.append(line), line_length=80)
    text = ctypes.c_char_p()
    if library.capas_summary_with(model, None, ctypes.byref(text)) != 0:
        sys.exit(library.capas_error().decode())
    theirs = [line.rstrip() for line in "\n".join(lines).splitlines()]
    ours = [line.rstrip() for line in text.value.decode().splitlines()]
    while theirs and not theirs[-1]:
        theirs.pop()
    differing = [(a, b) for a, b in zip(ours, theirs) if a != b]
    print(f"  summary: {len(ours)} lines, Keras has {len(theirs)}, {len(differing)} differ", *differing[:3])
    return len(ours) == len(theirs) and not differing


def check(library, name, module):
    keras.utils.clear_session()
    keras.utils.set_random_seed(11)
    network = getattr(keras.applications, name)(weights=None)
    draw(network)
    pictures = np.random.default_rng(3).integers(0, 256, (PICTURES, 224, 224, 3), dtype=np.uint8)
    prepared = getattr(keras.applications, module).preprocess_input(pictures.astype(np.float32))
    wanted = network.predict(prepared, verbose=0)
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for path in write_all(network, folder):
            model = library.capas_application_with(name.encode(), None)
            if not model or library.capas_load_weights(model, path.encode()) != 0:
                sys.exit(f"{name}: {library.capas_error().decode()}")
            found = predict(library, model, pictures)
            relative = np.max(np.abs(found - wanted) / wanted)
            top = (np.argsort(-found)[:, :3] == np.argsort(-wanted)[:, :3]).all()
            print(f"{name} from {os.path.basename(path)}: largest relative difference {relative:.2g} "
                  f"(outputs {wanted.min():.2g} to {wanted.max():.2g}), three likeliest {'the same' if top else 'DIFFER'}")
            right = right and top and relative < 1e-4
            if path.endswith(".weights.h5"):
                right = same_summary(library, model, network) and right
            library.capas_model_free(model)
    return right


def main():
    library = open_library(sys.argv[1])
    results = [check(library, name, module) for name, module in NETWORKS.items()]
    sys.exit(0 if all(results) else 1)


main()
