"""Training steps of networks with depthwise and one-dimensional convolutions on 2 threads: capas against PyTorch, eager,
in turn.

    python bench/peers/convolutions.py BENCH [ROUNDS]

BENCH is the program built from bench/convolutions.c, which says what the networks are; that they have as many parameters
is checked. PyTorch has images channels-first and channels-last. Printed are the rounds, and last, for each network,
`CASE capas MS PEER MS ... ratio R` with the medians over the rounds and how many times faster capas is than the best peer.
bench/peers/convolutions.sh makes the environment and calls this.
"""
import sys

import numpy as np
import torch
from torch import nn

from turns import Capas, in_turn, median, torch_step


def width(filters):
    wanted = 0.35 * filters
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def convolution(inputs, filters, size, stride, groups=1, activates=True):
    layers = [nn.Conv2d(inputs, filters, size, stride, size // 2, groups=groups, bias=False),
              nn.BatchNorm2d(filters, 1e-3, 1e-3)]
    return layers + [nn.ReLU6()] if activates else layers


class Block(nn.Module):
    def __init__(self, inputs, filters, stride, expansion):
        super().__init__()
        wide = inputs * expansion
        self.adds = stride == 1 and inputs == filters
        self.layers = nn.Sequential(*(convolution(inputs, wide, 1, 1) if expansion > 1 else []),
                                    *convolution(wide, wide, 3, stride, groups=wide),
                                    *convolution(wide, filters, 1, 1, activates=False))

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


def mobilenet():
    stages = ((16, 1, 1, 1), (24, 2, 6, 2), (32, 2, 6, 3), (64, 2, 6, 4), (96, 1, 6, 3), (160, 2, 6, 3), (320, 1, 6, 1))
    inputs = width(32)
    layers = convolution(3, inputs, 3, 2)
    for filters, stride, expansion, count in stages:
        for i in range(count):
            layers.append(Block(inputs, width(filters), stride if i == 0 else 1, expansion))
            inputs = width(filters)
    return nn.Sequential(*layers, *convolution(inputs, 1280, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(1280, 1000))


def conv1d():
    return nn.Sequential(nn.Conv1d(8, 64, 5), nn.ReLU(), nn.Conv1d(64, 64, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
                         nn.Flatten(), nn.Linear(64, 10))


def compare(capas, rounds, name, make, shape, classes, steps, layouts):
    parameters = sum(weight.numel() for weight in make().parameters())
    assert int(capas.ask(f"parameters {name}")[1]) == parameters, parameters
    numbers = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    peers = {}
    for word, layout in layouts.items():
        step = torch_step(make(), numbers, classes, layout)
        peers[word] = lambda step=step: median(step, steps)
    in_turn(f"{name}-train-{shape[0]}", lambda: capas.median(name, shape[0], steps), peers, rounds)


def main():
    capas, rounds = Capas(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    first = {"torch": torch.contiguous_format}
    both = {**first, "torch-channels-last": torch.channels_last}
    compare(capas, rounds, "mobilenet", mobilenet, (8, 3, 96, 96), 1000, 10, both)
    compare(capas, rounds, "conv1d", conv1d, (32, 8, 1024), 10, 10, first)


main()
