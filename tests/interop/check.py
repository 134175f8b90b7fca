"""capas and Keras open each other's files and compute the same.

    check.py LIBCAPAS

For each model below, and for networks made by chance (structures.py):
  - in each format (.keras, .h5, JSON with .weights.h5) Keras's file gives the same outputs in capas, and what
    capas writes the same in Keras.
For each model below:
  - Keras saves it, capas opens it: the outputs are the same; capas saves it again, Keras opens that: the same
    outputs and weights.
  - capas makes it from Keras's JSON (with weights of its own) and saves it, Keras opens it: the same outputs.
  - both train it for some steps from the same compiled file: the same losses; then each opens what the other
    saved, with the optimizer's state, and goes on: the same losses again.
Relative tolerance 1e-4 for outputs. Prints a line a check; exit status 1 when one fails.
"""

import ctypes
import os
import sys
import tempfile

import keras
import numpy as np
from keras import layers
from structures import structures

TOLERANCE = 1e-4
STEPS = 4
ROUNDS = 4
BATCH = 16


class Shape(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int), ("dims", ctypes.c_int64 * 8)]


class Tensor(ctypes.Structure):
    _fields_ = [("element", ctypes.c_int), ("shape", Shape), ("data", ctypes.c_void_p)]


class Evaluation(ctypes.Structure):
    COUNT = 4 * 8 + 8  # capas/training.h
    _fields_ = [
        ("count", ctypes.c_int),
        ("names", (ctypes.c_char * 64) * COUNT),
        ("values", ctypes.c_double * COUNT),
        ("samples", ctypes.c_int64),
    ]


ELEMENTS = {"float32": 0, "int32": 2, "uint8": 3}


def tensor(array):
    """A view of an array, which must stay alive."""
    shape = Shape(array.ndim, (ctypes.c_int64 * 8)(*array.shape))
    return Tensor(ELEMENTS[str(array.dtype)], shape, array.ctypes.data)


class Capas:
    """The functions of libcapas that are needed, with failures as exceptions."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        for name in ("capas_load", "capas_model_from_json"):
            getattr(self.library, name).restype = ctypes.c_void_p
            getattr(self.library, name).argtypes = [ctypes.c_char_p]
        for name in ("capas_load_weights", "capas_save_weights"):
            getattr(self.library, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self.library.capas_error.restype = ctypes.c_char_p
        self.library.capas_evaluation_get.restype = ctypes.c_double

    def check(self, failed):
        if failed:
            raise RuntimeError(self.library.capas_error().decode())

    def load(self, path):
        model = self.library.capas_load(path.encode())
        self.check(not model)
        return ctypes.c_void_p(model)

    def from_json(self, text):
        model = self.library.capas_model_from_json(text.encode())
        self.check(not model)
        return ctypes.c_void_p(model)

    def save(self, model, path):
        self.check(self.library.capas_save(model, path.encode()))

    def load_weights(self, model, path):
        self.check(self.library.capas_load_weights(model, path.encode()))

    def save_weights(self, model, path):
        self.check(self.library.capas_save_weights(model, path.encode()))

    def free(self, model):
        self.library.capas_model_free(model)

    def predict(self, model, inputs, outputs):
        """`outputs`: arrays of the shapes that are expected, overwritten."""
        given = (Tensor * len(inputs))(*[tensor(x) for x in inputs])
        taken = (Tensor * len(outputs))(*[tensor(y) for y in outputs])
        self.check(self.library.capas_predict_tensors(model, given, taken, ctypes.c_int64(len(inputs[0]))))
        return outputs

    def train(self, model, x, y):
        evaluation = Evaluation()
        inputs, targets = tensor(x), tensor(y)
        self.check(
            self.library.capas_train_on_batch(
                model, ctypes.byref(inputs), ctypes.byref(targets), ctypes.c_int64(len(x)), ctypes.byref(evaluation)
            )
        )
        return self.library.capas_evaluation_get(ctypes.byref(evaluation), b"loss")


def mlp():
    return keras.Sequential(
        [
            keras.Input((7,)),
            layers.Dense(12, activation="tanh", kernel_initializer="he_normal", kernel_regularizer="l2"),
            layers.Dropout(0.0),
            layers.Dense(9, activation="selu", use_bias=False),
            layers.Dense(4, activation="softmax"),
        ],
        name="mlp",
    )


def cnn():
    return keras.Sequential(
        [
            keras.Input((11, 9, 2)),
            layers.Rescaling(0.5, offset=-0.25),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.9),
            layers.Conv2D(6, (3, 2), strides=(2, 1), activation="elu"),
            layers.AveragePooling2D((1, 2), padding="same"),
            layers.Flatten(),
            layers.Dense(20, activation="sigmoid"),
            layers.Dense(4),
            layers.Activation("softmax"),
        ]
    )


def grouped():
    return keras.Sequential(
        [
            keras.Input((10, 12, 4)),
            layers.Conv2D(8, 3, dilation_rate=2, groups=2, kernel_regularizer=keras.regularizers.L1L2(1e-3, 1e-3)),
            layers.Conv2D(8, 1, activation="relu", bias_initializer=keras.initializers.Constant(0.1)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def residual():
    image = keras.Input((8, 8, 3), name="image")
    a = layers.Conv2D(6, 3, padding="same", use_bias=False, name="a_conv")(image)
    a = layers.BatchNormalization(name="a_norm")(a)
    a = layers.Activation("relu", name="a_relu")(a)
    b = layers.Conv2D(6, 1, name="b_conv")(image)
    x = layers.Add(name="sum")([a, b])
    x = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="out")(x), name="residual")


def shared():
    """Two inputs through one layer, two outputs."""
    left, right = keras.Input((5,), name="left"), keras.Input((5,), name="right")
    both = layers.Dense(6, activation="relu", name="both")
    first, second = both(left), both(right)
    total = layers.Add()([first, second])
    return keras.Model(
        [left, right], [layers.Dense(3, activation="softmax", name="kind")(total), layers.Dense(2, name="size")(second)]
    )


MODELS = [mlp, cnn, grouped, residual, shared]
OPTIMIZERS = [
    keras.optimizers.SGD(0.05),
    keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    keras.optimizers.Adam(0.01, amsgrad=True),
    keras.optimizers.Adam(0.01, weight_decay=0.01, clipnorm=1.0),
]


def shake(model, random):
    """Weights that no initializer gives, moving variances above 0."""
    model.set_weights(
        [(w + random.uniform(0.05, 0.3, w.shape)).astype("float32") for w in model.get_weights()]
    )


def sample_inputs(model, random):
    return [random.normal(size=(BATCH, *x.shape[1:])).astype("float32") for x in model.inputs]


def keras_predict(model, inputs):
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.array(y, dtype="float32") for y in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


class Checks:
    def __init__(self):
        self.failed = 0

    def compare(self, what, got, expected):
        worst = 0.0
        for a, b in zip(got, expected, strict=True):
            a, b = np.asarray(a, dtype="float64"), np.asarray(b, dtype="float64")
            scale = np.maximum(np.abs(b), 1e-2 * max(np.abs(b).max(), 1e-30))
            worst = max(worst, float((np.abs(a - b) / scale).max()))
        good = worst <= TOLERANCE
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {worst:.1e}")


def check_outputs(capas, checks, make, folder, random):
    model = make()
    shake(model, random)
    name = make.__name__
    inputs = sample_inputs(model, random)
    expected = keras_predict(model, inputs)

    path = os.path.join(folder, f"{name}.keras")
    again = os.path.join(folder, f"{name}-again.keras")
    model.save(path)
    opened = capas.load(path)
    checks.compare(f"{name}: Keras's file in capas", capas.predict(opened, inputs, [y * 0 for y in expected]), expected)
    capas.save(opened, again)
    capas.free(opened)
    back = keras.models.load_model(again)
    checks.compare(f"{name}: saved again by capas, in Keras", keras_predict(back, inputs), expected)
    checks.compare(f"{name}: its weights", back.get_weights(), model.get_weights())

    ours = capas.from_json(model.to_json())
    capas.save(ours, path)
    expected = capas.predict(ours, inputs, [y * 0 for y in expected])
    capas.free(ours)
    checks.compare(f"{name}: capas's file in Keras", keras_predict(keras.models.load_model(path), inputs), expected)


def check_formats(capas, checks, what, model, folder, random):
    """Each format both ways: six files."""
    shake(model, random)
    inputs = sample_inputs(model, random)
    expected = keras_predict(model, inputs)
    weights = os.path.join(folder, "model.weights.h5")
    for ending in ("keras", "h5", "json"):
        theirs, ours = (os.path.join(folder, f"{whose}.{ending}") for whose in ("theirs", "ours"))
        if ending == "json":
            with open(theirs, "w", encoding="utf-8") as file:
                file.write(model.to_json())
            model.save_weights(weights)
        else:
            model.save(theirs)
        opened = capas.load(theirs)
        if ending == "json":
            capas.load_weights(opened, weights)
        got = capas.predict(opened, inputs, [y * 0 for y in expected])
        checks.compare(f"{what}: Keras's {ending} in capas", got, expected)
        if ending == "json":
            capas.save_weights(opened, weights)
            back = keras.models.model_from_json(model.to_json())
            back.load_weights(weights)
        else:
            capas.save(opened, ours)
            back = keras.models.load_model(ours, compile=False)
        checks.compare(f"{what}: capas's {ending} in Keras", keras_predict(back, inputs), expected)
        capas.free(opened)


def keras_train(model, batches):
    return [float(model.train_on_batch(x, y)) for x, y in batches]


def check_training(capas, checks, make, optimizer, folder, random):
    model = make()
    optimizer = type(optimizer).from_config(optimizer.get_config())
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    what = f"{make.__name__}, {optimizer.name}"
    x = random.normal(size=(3, STEPS, BATCH, *model.inputs[0].shape[1:])).astype("float32")
    y = random.integers(0, 4, size=(3, STEPS, BATCH)).astype("int32")
    first, second, third = (list(zip(x[i], y[i])) for i in range(3))
    start, ours, theirs = (os.path.join(folder, f"{n}.keras") for n in ("start", "ours", "theirs"))
    model.save(start)

    trained = capas.load(start)
    expected = keras_train(model, first)
    checks.compare(f"{what}: losses", [[capas.train(trained, *b) for b in first]], [expected])
    capas.save(trained, ours)
    model.save(theirs)
    expected = keras_train(model, second)
    there = keras.models.load_model(ours)
    checks.compare(f"{what}: going on in Keras", [keras_train(there, second)], [expected])
    here = capas.load(theirs)
    checks.compare(f"{what}: going on in capas", [[capas.train(here, *b) for b in second]], [expected])
    expected = keras_train(model, third)
    checks.compare(f"{what}: and on", [[capas.train(here, *b) for b in third]], [expected])
    capas.free(trained)
    capas.free(here)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    capas, checks = Capas(sys.argv[1]), Checks()
    random = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        for make in MODELS:
            check_outputs(capas, checks, make, folder, random)
            check_formats(capas, checks, make.__name__, make(), folder, random)
        for what, model in structures(random, ROUNDS):
            check_formats(capas, checks, what, model, folder, random)
        for i, optimizer in enumerate(OPTIMIZERS):
            check_training(capas, checks, MODELS[i % 4], optimizer, folder, random)
    print(f"{checks.failed} failed" if checks.failed else "capas and Keras agree")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
