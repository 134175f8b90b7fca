#!/usr/bin/env python3
"""Keras's answers for adaptive pooling: sizes that divide and that do not, more cells than there were,
ties. Needs Keras 3.15 and TensorFlow.

    golden-adaptive.py FOLDER      writes FOLDER/adaptive and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder. There is no maximum of a whole axis: for a size of 1 Keras
also takes windows larger than the input, of whose maximum TensorFlow gives no gradient but what was in
memory."""
import sys

import numpy as np
from golden_layer import index_without, record
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(13)


def case(name, layer, shape, tied=False):
    x = random.uniform(-1, 1, (2,) + shape).astype("float32")
    if tied:
        x = np.round(2 * x) / 2
    cases.append(record(folder, "adaptive/" + name, layer, [x], random))


first = {"data_format": "channels_first"}
with index_without(folder, "adaptive") as cases:
    for word in ("Average", "Max"):
        one, two, three = (getattr(layers, f"Adaptive{word}Pooling{d}D") for d in (1, 2, 3))
        what = word.lower() + "_"
        case(what + "1d", one(3), (7, 2))
        case(what + "1d_more", one(7), (4, 2))
        case(what + "1d_channels_first", one(4, **first), (3, 9))
        case(what + "2d", two((3, 4)), (5, 6, 17))
        case(what + "2d_divides", two(2), (6, 4, 3))
        case(what + "2d_same", two((4, 5)), (4, 5, 2))
        case(what + "2d_more_and_less", two((7, 2)), (5, 9, 1))
        case(what + "2d_channels_first", two((2, 3), **first), (3, 7, 5))
        case(what + "3d", three((2, 3, 4)), (3, 7, 5, 2))
        case(what + "3d_some", three((4, 3, 2)), (4, 2, 3, 3))
        case(what + "3d_channels_first", three((2, 2, 2), **first), (2, 5, 3, 2))
    case("average_1d_whole", layers.AdaptiveAveragePooling1D(1), (5, 3))
    case("average_3d_whole", layers.AdaptiveAveragePooling3D((1, 2, 1)), (4, 3, 3, 3))
    case("max_1d_tied", layers.AdaptiveMaxPooling1D(3), (8, 3), tied=True)
    case("max_2d_tied", layers.AdaptiveMaxPooling2D((3, 2)), (7, 5, 4), tied=True)
