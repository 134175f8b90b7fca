#!/usr/bin/env python3
"""Keras's answers for SwapEMAWeights: a small network, as a file, and what its validation, its
weights after each epoch and its weights at the end are. Needs Keras 3.15 and TensorFlow.

    golden-averages.py FOLDER      writes FOLDER/callbacks/averages

Then scripts/pack-golden.sh packs the folder."""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import layers

place = os.path.join(sys.argv[1], "callbacks", "averages")
os.makedirs(place, exist_ok=True)
random = np.random.default_rng(5)
x, vx = (random.normal(size=(n, 3)).astype("float32") for n in (20, 8))
y, vy = (np.sin(a).sum(axis=1, keepdims=True).astype("float32") for a in (x, vx))

keras.utils.set_random_seed(4)
model = keras.Sequential([layers.Input((3,)), layers.Dense(5, activation="tanh"), layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.5, use_ema=True, ema_momentum=0.8), loss="mse")
model.save(os.path.join(place, "model.keras"))
arrays = {"x": x, "y": y, "vx": vx, "vy": vy}
for swap in (False, True):
    model = keras.models.load_model(os.path.join(place, "model.keras"))
    epochs = []
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(model(vx).numpy()))
    history = model.fit(
        x, y, batch_size=5, epochs=3, shuffle=False, verbose=0, validation_data=(vx, vy),
        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=swap), seen]).history
    arrays[f"losses{swap:d}"] = np.asarray([history["loss"], history["val_loss"]], "float32")
    arrays[f"epochs{swap:d}"] = np.stack(epochs)
    arrays[f"after{swap:d}"] = model(vx).numpy()
for name, array in arrays.items():
    np.save(os.path.join(place, f"{name}.npy"), array)
