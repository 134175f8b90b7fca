#!/usr/bin/env python3
"""Keras's answers for ConvLSTM1D, 2D and 3D. Needs Keras 3.15 and TensorFlow.

    golden-conv-lstm.py FOLDER      writes FOLDER/conv_lstm and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder."""
import sys

import numpy as np
from golden_layer import index_without, record, tf
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(23)
N, STEPS = 2, 3


def channels_last(layer):
    """The layer with its channels last inside: on a CPU TensorFlow has no other convolutions."""
    cell, axes = layer.cell, layer.cell.rank

    def move(x, back):
        rank = len(x.shape)
        order = list(range(rank))
        if back:
            order.insert(rank - axes - 1, order.pop())
        else:
            order.append(order.pop(rank - axes - 1))
        return tf.transpose(x, order)

    def run(x, initial_state=None):
        cell.data_format, cell.input_spec = "channels_last", None
        states = [move(s, False) for s in initial_state] if initial_state else None
        outputs = layer(move(x, False), initial_state=states)
        cell.data_format = "channels_first"
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [move(y, True) for y in outputs]

    return run


def case(name, layer, shape, states=0, mask=None):
    shapes = [(N, STEPS) + shape]
    if states:
        shapes += 2 * [(N,) + tuple(layer.compute_output_shape(shapes[0])[1:])]
    inputs = [random.uniform(-1, 1, s).astype("float32") for s in shapes]
    path = "conv_lstm/" + name
    first = getattr(layer, "data_format", None) == "channels_first"
    run = channels_last(layer) if first else None
    cases.append(record(folder, path, layer, inputs, random, mask, run, initial_state=states))


one, two, three = layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D
same = {"padding": "same"}
first = {"data_format": "channels_first"}
all_steps = {"return_sequences": True}
with index_without(folder, "conv_lstm") as cases:
    case("1d", one(3, 2), (5, 2))
    case("1d_same", one(2, 4, **same, **all_steps, activation="relu", recurrent_activation="hard_sigmoid"), (5, 3))
    case("1d_strides", one(2, 3, strides=2, go_backwards=True), (7, 2))
    case("1d_channels_first", one(3, 3, **same, **first, **all_steps), (2, 6))
    case("2d", two(2, 2), (4, 5, 3))
    case("2d_same", two(3, 3, **same, **all_steps), (4, 3, 2))
    case("2d_window", two(2, (3, 2), strides=(1, 2), use_bias=False), (5, 6, 2))
    case("2d_dilated", two(2, 2, dilation_rate=(2, 1), activation="silu", **all_steps), (4, 4, 1))
    case("2d_point", two(4, 1, **all_steps), (3, 2, 2))
    case("2d_wide", two(17, (1, 3), **same), (3, 4, 5))
    case("2d_channels_first", two(2, 2, return_state=True, **first), (3, 4, 3))
    case("2d_states", two(2, 3, return_state=True, **same, **all_steps), (3, 4, 2))
    case("2d_begins", two(2, 3, **same), (3, 4, 2), states=2)
    case("2d_begins_channels_first", two(2, 2, **first), (2, 4, 3), states=2)
    masked = np.array([[1, 0, 1], [0, 1, 0]], bool)
    case("2d_masked", two(2, 2, **all_steps), (3, 3, 2), mask=masked)
    case("2d_masked_last", two(2, 2, **same), (3, 3, 2), mask=masked)
    both = layers.Bidirectional
    case("2d_both", both(two(2, 2)), (3, 4, 2))
    case("1d_both_steps", both(one(2, 3, **same, **all_steps), merge_mode="sum"), (4, 2))
    case("3d", three(2, 2), (3, 2, 4, 2))
    case("3d_same", three(2, (2, 3, 1), **same, **all_steps), (3, 2, 3, 2))
    case("3d_channels_first", three(2, (1, 2, 2), **first), (2, 2, 3, 3))
