#!/usr/bin/env python3
"""Keras's answers for the sparse activations, also at their corner points. Needs Keras 3.15 and
TensorFlow.

    golden-activations.py FOLDER      writes FOLDER/activations and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder."""
import sys

import numpy as np
from golden_layer import index_without, record
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(21)


def case(name, layer, x):
    cases.append(record(folder, "activations/" + name, layer, [np.asarray(x, "float32")], random))


def numbers(*shape):
    return random.normal(size=shape) * 2


with index_without(folder, "activations") as cases:
    for word in ("sparse_plus", "sparse_sigmoid", "sparsemax"):
        case(word, layers.Activation(word), numbers(3, 17))
    for word in ("sparse_plus", "sparse_sigmoid"):
        case(f"kink_{word}", layers.Activation(word), [[-1.5, -1, -0.5, 0, 0.5, 1, 1.5]])
    case("kink_sparsemax", layers.Activation("sparsemax"), [[1, 0, 0], [2, 2, 2], [0, 0.5, -0.5], [7, 3, 2]])
    case("sparsemax_rank3", layers.Activation("sparsemax"), numbers(2, 4, 5))
    case("sparsemax_one", layers.Activation("sparsemax"), numbers(3, 1))
    case("dense_sparsemax", layers.Dense(6, activation="sparsemax"), numbers(4, 5))
    case("conv2d_sparse_plus", layers.Conv2D(3, 2, activation="sparse_plus"), numbers(2, 4, 5, 2))
    case("lstm_sparse", layers.LSTM(3, activation="sparse_plus", recurrent_activation="sparse_sigmoid"), numbers(2, 4, 3))
