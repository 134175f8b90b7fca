"""Keras as a peer (see worker.py), on the backend that KERAS_BACKEND names; variants: {"jit_compile": true or false},
{"steps_per_execution": N}. Prediction is model.predict."""

import os
import sys

backend = os.environ["KERAS_BACKEND"]
threads = int(sys.argv[2])
if backend == "tensorflow":
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)

import keras

from mnist import images_of, read_part
from worker import Watch, serve, time_calls


class Stop(Exception):
    pass


class Clock(keras.callbacks.Callback):
    """Lets one call run ahead, as JAX likes, and not more: otherwise the time would be up before the work is done."""

    def __init__(self, watch, steps):
        super().__init__()
        self.watch, self.steps = watch, steps

    def on_epoch_begin(self, epoch, logs=None):
        self.watch.begin_epoch()
        self.before = 0

    def on_train_batch_end(self, batch, logs=None):
        loss = logs["loss"]
        float(self.before)
        self.before = loss
        if self.watch.step(lambda: float(loss), self.steps):
            raise Stop

    def on_epoch_end(self, epoch, logs=None):
        self.watch.end_epoch()


class Opened:
    """A network, compiled for what is asked."""

    def __init__(self, request):
        variant, self.batch = dict(request["variant"]), request["batch"]
        carried = keras.saving.load_model(request["model"])
        self.model = type(carried).from_config(carried.get_config())
        self.first = self.model.get_weights()
        if request["for"] == "prediction":
            return
        settings = carried.get_compile_config()
        self.one_hot = settings["loss"] == "categorical_crossentropy"
        self.steps = variant.get("steps_per_execution", 1)
        self.model.compile_from_config({**settings, **variant})


class Peer:
    def __init__(self, folder):
        keras.utils.set_random_seed(0)
        self.images, self.labels = read_part(folder, "train")
        self.one_hot = keras.utils.to_categorical(self.labels, 10)

    def forget(self):
        keras.backend.clear_session()

    def open(self, request):
        return Opened(request)

    def train(self, opened, seconds):
        watch, targets = Watch(seconds), self.one_hot if opened.one_hot else self.labels
        while watch.seconds < seconds:
            opened.model.set_weights(opened.first)
            try:
                opened.model.fit(self.images, targets, batch_size=opened.batch, epochs=1, verbose=0,
                                 callbacks=[Clock(watch, opened.steps)])
            except Stop:
                pass
        return watch.answer(opened.batch)

    def predict(self, opened, seconds):
        batch = opened.batch
        images = images_of(self.images, batch, opened.model.input_shape[1:])
        return time_calls(lambda: opened.model.predict(images, batch_size=batch, verbose=0), seconds)


serve(Peer(sys.argv[1]))
