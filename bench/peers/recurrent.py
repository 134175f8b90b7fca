"""Recurrent layers on 2 threads: capas against PyTorch (eager), in turn.

    python bench/peers/recurrent.py BENCH [--rounds N] [--seconds S] [--size UNITS STEPS BATCH INPUTS]

BENCH is the program built from bench/recurrent.c; both train the layer and a dense one behind its last step, with Adam
(fused in PyTorch) and the mean squared error, and predict. Printed are the rounds' ratios and, last for each layer,
`LAYER train capas MS PyTorch MS ratio R predict ...` with the medians; above 1 capas is faster."""
import argparse
import statistics
import subprocess
import time

import torch
from torch import nn

LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "simple_rnn": nn.RNN}
torch.set_num_threads(2)


class Network(nn.Module):
    def __init__(self, layer, inputs, units):
        super().__init__()
        self.layer, self.top = LAYERS[layer](inputs, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, x):
        return self.top(self.layer(x)[0][:, -1])


def median_of(call, seconds):
    for _ in range(3):
        call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(times)


def pytorch(layer, size, seconds):
    units, steps, batch, inputs = size
    network = Network(layer, inputs, units)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    x, y = torch.rand(batch, steps, inputs) * 2 - 1, torch.rand(batch, 1) * 2 - 1

    def step():
        optimizer.zero_grad()
        nn.functional.mse_loss(network(x), y).backward()
        optimizer.step()

    trained = median_of(step, seconds)
    with torch.inference_mode():
        return trained, median_of(lambda: network(x), seconds / 2)


def capas(bench, layer, size, seconds):
    line = subprocess.run([bench, layer, str(seconds), *map(str, size)], check=True, capture_output=True, text=True)
    return tuple(map(float, line.stdout.split()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--size", type=int, nargs=4, default=[128, 100, 32, 64])
    parser.add_argument("--layers", nargs="+", default=list(LAYERS))
    arguments = parser.parse_args()
    for layer in arguments.layers:
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours.append(capas(arguments.bench, layer, arguments.size, arguments.seconds))
            theirs.append(pytorch(layer, arguments.size, arguments.seconds))
            print(layer, *("%.2f" % (b / a) for a, b in zip(ours[-1], theirs[-1])), flush=True)
        parts = [layer]
        for name, a, b in zip(("train", "predict"), zip(*ours), zip(*theirs)):
            ratio = statistics.median(y / x for x, y in zip(a, b))
            parts.append("%s capas %.3f PyTorch %.3f ratio %.2f" % (name, statistics.median(a), statistics.median(b), ratio))
        print(*parts)


main()
