"""capas and its peers in turn, on 2 threads: what resnet50.py and convolutions.py share."""
import os
import statistics
import subprocess
import time

import torch
from torch import nn

THREADS = 2
torch.set_num_threads(THREADS)


class Capas:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "CAPAS_THREADS": str(THREADS)})

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().split()

    def median(self, what, batch, runs):
        return float(self.ask(f"{what} {batch} {runs}")[2])


def median(run, runs):
    took = []
    for i in range(runs + 1):
        start = time.perf_counter()
        run()
        took.append(1e3 * (time.perf_counter() - start))
    return statistics.median(took[1:])


def torch_step(model, numbers, classes, layout=torch.contiguous_format):
    """A step of stochastic gradient descent on one batch."""
    model = model.train().to(memory_format=layout)
    x = torch.from_numpy(numbers).contiguous(memory_format=layout)
    y = torch.tensor([37 * i % classes for i in range(len(numbers))])
    optimizer, loss = torch.optim.SGD(model.parameters(), 1e-4), nn.CrossEntropyLoss()

    def run():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    return run


def in_turn(case, ours, peers, rounds):
    took = {}
    for number in range(rounds):
        for name, run in [("capas", ours), *peers.items()]:
            took.setdefault(name, []).append(run())
        print(f"  round {number + 1}: " + ", ".join(f"{name} {times[-1]:.1f} ms" for name, times in took.items()), flush=True)
    middle = {name: statistics.median(times) for name, times in took.items()}
    best = min(value for name, value in middle.items() if name != "capas")
    ratios = [min(t[i] for n, t in took.items() if n != "capas") / took["capas"][i] for i in range(rounds)]
    print(f"{case} " + " ".join(f"{name} {value:.1f}" for name, value in middle.items()) +
          f" ratio {best / middle['capas']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", flush=True)
