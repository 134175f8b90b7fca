"""The networks by name are Keras's own: the same layers in the same order, with the same names, options and
connections.

    applications.py LIBCAPAS

Compares capas_model_to_json with model.get_config() of keras.applications, key by key; what capas writes and Keras
does not, or the reverse, is not looked at. Prints a line a network; exit status 1 when one differs.
"""

import ctypes
import json
import sys

import keras

NETWORKS = ["ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19", "MobileNet", "MobileNetV2",
            "DenseNet121", "DenseNet169", "DenseNet201", "EfficientNetB0", "EfficientNetLite0"]


def lite():
    """EfficientNet-Lite0 from Keras's own parts; it begins behind what scales the pictures."""
    from keras.src.applications import efficientnet
    blocks = [dict(block, se_ratio=0) for block in efficientnet.DEFAULT_BLOCKS_ARGS]
    whole = efficientnet.EfficientNet(1.0, 1.0, 224, activation="relu6", blocks_args=blocks, weights=None)
    config = json.loads(whole.to_json())["config"]
    layers = {layer["name"]: layer for layer in config["layers"]}
    layers["stem_conv_pad"]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["input_layer", 0, 0]
    config["layers"] = [layer for layer in config["layers"] if layer["class_name"] not in ("Rescaling", "Normalization")]
    config["name"] = "efficientnetlite0"
    return config


def differences(ours, theirs, where):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() & theirs.keys():
            yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        if len(ours) != len(theirs):
            yield f"{where}: {len(ours)} items, Keras has {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs)):
            yield from differences(a, b, f"{where}[{i}]")
    elif ours != theirs and not (isinstance(ours, float) and abs(ours - theirs) < 1e-9):
        yield f"{where}: {ours!r}, Keras has {theirs!r}"


def main():
    library = ctypes.CDLL(sys.argv[1])
    library.capas_application_with.restype = ctypes.c_void_p
    library.capas_application_with.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    library.capas_model_to_json.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p)]
    library.capas_model_free.argtypes = [ctypes.c_void_p]
    library.capas_error.restype = ctypes.c_char_p
    failed = False
    for name in NETWORKS:
        model = library.capas_application_with(name.encode(), None)
        text = ctypes.c_char_p()
        if not model or library.capas_model_to_json(model, ctypes.byref(text)) != 0:
            sys.exit(f"{name}: {library.capas_error().decode()}")
        ours = json.loads(text.value)["config"]
        keras.utils.clear_session()  # names are counted from the start
        if name == "EfficientNetLite0":
            theirs = lite()
        else:
            theirs = json.loads(getattr(keras.applications, name)(weights=None).to_json())["config"]
        found = list(differences(ours, theirs, name))
        print(f"{name}: {len(ours['layers'])} layers, {len(found)} differences", *found[:5], sep="\n  ")
        failed = failed or bool(found)
        library.capas_model_free(model)
    sys.exit(failed)


main()
