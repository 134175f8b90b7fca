#!/usr/bin/env python3
"""Keras's answers for SpectralNormalization: networks before and after some steps of training, with
what each step leaves. Needs Keras 3.15 and TensorFlow.

    golden-spectral.py FOLDER      writes FOLDER/spectral and adds to FOLDER/index.json

Then scripts/pack-golden.sh packs the folder."""
import os
import sys

import numpy as np
from golden_layer import index_without, keras
from keras import layers

folder = sys.argv[1]
random = np.random.RandomState(17)
N, STEPS = 6, 4
normal = layers.SpectralNormalization


def case(name, model, shape, optimizer, whole_numbers=0):
    path = os.path.join(folder, "spectral", name)
    os.makedirs(path)
    x = random.randint(0, whole_numbers, (N,) + shape) if whole_numbers else random.uniform(-1, 1, (N,) + shape)
    x = x.astype("float32")
    y = random.uniform(-1, 1, (N,) + model.output_shape[1:]).astype("float32")
    model.compile(optimizer, "mean_squared_error")
    model.save(os.path.join(path, "begin.keras"))
    np.save(os.path.join(path, "x.npy"), x)
    np.save(os.path.join(path, "y.npy"), y)
    np.save(os.path.join(path, "out_begin.npy"), model.predict_on_batch(x))
    losses = []
    for step in range(STEPS):
        model.reset_metrics()
        losses.append(model.train_on_batch(x, y))
        model.save_weights(os.path.join(path, f"after{step}.weights.h5"))
    np.save(os.path.join(path, "losses.npy"), np.array(losses, "float32"))
    np.save(os.path.join(path, "out.npy"), model.predict_on_batch(x))
    model.save(os.path.join(path, "end.keras"))
    model.save(os.path.join(path, "end.h5"))
    cases.append({"kind": "spectral", "path": "spectral/" + name})


keras.utils.set_random_seed(19)
with index_without(folder, "spectral") as cases:
    dense = [keras.Input((5,)), normal(layers.Dense(20, activation="relu")), normal(layers.Dense(3), power_iterations=3)]
    case("dense", keras.Sequential(dense), (5,), keras.optimizers.SGD(0.1))

    held = layers.Conv2D(4, 3, kernel_regularizer="l2", kernel_constraint="max_norm", activation="tanh")
    images = [keras.Input((6, 5, 2)), normal(held), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)]
    case("conv2d", keras.Sequential(images), (6, 5, 2), keras.optimizers.SGD(0.05, momentum=0.9))

    given = keras.Input((4, 6, 5, 2))
    x = normal(layers.Conv3D(3, (2, 3, 2)), power_iterations=2)(given)
    x = layers.Reshape((12, 4, 3))(x)
    x = normal(layers.DepthwiseConv2D(3, padding="same"))(x)
    x = normal(layers.Conv2DTranspose(2, 2, strides=2, use_bias=False))(x)
    frozen = normal(layers.Dense(2))
    x = frozen(x)
    frozen.trainable = False
    x = layers.GlobalAveragePooling2D()(x)
    case("volume", keras.Model(given, x), (4, 6, 5, 2), keras.optimizers.Adam(0.01))

    words = [
        keras.Input((5,)),
        normal(layers.Embedding(7, 3, mask_zero=True)),
        normal(layers.Dense(4)),
        layers.LSTM(3),
        layers.Dense(1),
    ]
    case("embedding", keras.Sequential(words), (5,), keras.optimizers.SGD(0.1), whole_numbers=7)
