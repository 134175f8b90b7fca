"""Trains the network of the recipe cnn-simple in PyTorch (eager) on the real MNIST, shuffled, batch 32, Adam, for some
seconds, and prints samples a second as JSON. The peer of `capas bench cnn-simple`; see against-pytorch.sh.

    pytorch_cnn_simple.py MNIST_FOLDER THREADS SECONDS
"""

import gzip
import json
import sys
import time

import numpy
import torch
from torch import nn

BATCH = 32
WARM_STEPS = 20


def read(path, skip):
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=skip)


def main():
    folder, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    images = read(f"{folder}/train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    images = torch.tensor(images.astype("float32") / 255)
    labels = torch.tensor(read(f"{folder}/train-labels-idx1-ubyte.gz", 8).astype("int64"))
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(5408, 100), nn.ReLU(), nn.Linear(100, 10),
    )
    optimizer = torch.optim.Adam(model.parameters())
    loss_of = nn.CrossEntropyLoss()
    order = torch.randperm(len(images))
    began = time.perf_counter()
    steps = 0
    while True:
        if steps == WARM_STEPS:
            began = time.perf_counter()
        now = time.perf_counter()
        if steps > WARM_STEPS and now - began > seconds:
            break
        index = order[(steps * BATCH) % len(images):][:BATCH]
        optimizer.zero_grad()
        loss = loss_of(model(images[index]), labels[index])
        loss.backward()
        optimizer.step()
        steps += 1
    rate = (steps - WARM_STEPS) * BATCH / (now - began)
    print(json.dumps({"torch": torch.__version__, "threads": threads, "train_samples_per_second": rate}))


main()
