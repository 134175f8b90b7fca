#!/usr/bin/env python3
"""Keras's answers for recurrent layers that begin with given states (initial_state), return those of
the end (return_state), or give both directions apart (merge_mode None). Needs Keras 3.15 and
TensorFlow.

    golden-states.py FOLDER      writes FOLDER/states and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder. The states are further inputs of a case, as capas has
them."""
import sys

import numpy as np
from golden_layer import index_without, record
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(11)
N, STEPS, WIDTH, UNITS = 3, 4, 2, 3


def numbers(*shape):
    return random.uniform(-1, 1, shape).astype("float32")


def case(name, layer, states):
    inputs = [numbers(N, STEPS, WIDTH)] + [numbers(N, UNITS) for _ in range(states)]
    cases.append(record(folder, "states/" + name, layer, inputs, random, initial_state=states))


both = {"return_sequences": True, "return_state": True}
with index_without(folder, "states") as cases:
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
