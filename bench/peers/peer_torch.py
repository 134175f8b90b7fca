"""PyTorch as a peer (see worker.py); variants: {"channels_last": true}, {"compiled": true},
{"threads": N}.

It is given the best it has: the set lies in memory as floats, labels are numbers, no metrics are computed, fused
optimizers where it has them, and no last, smaller batch."""

import sys

import torch
from torch import nn

import torch_twin
from mnist import read_part
from worker import Watch, read_config, serve, time_calls


class Opened:
    """A network, ready for what is asked."""

    def __init__(self, request, images, threads):
        layers, settings = read_config(request["model"])
        variant, self.batch = request["variant"], request["batch"]
        self.threads = variant.get("threads", threads)
        self.model, decayed = torch_twin.build(layers)
        self.format = torch.channels_last if variant.get("channels_last") else torch.contiguous_format
        self.model.to(memory_format=self.format)
        if request["for"] == "prediction":
            self.model.eval()
            self.input = images[: self.batch].contiguous(memory_format=self.format)
            self.call = torch.compile(self.model) if variant.get("compiled") else self.model
            return
        self.first = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.optimizer = torch_twin.optimizer(settings, self.model, decayed)
        cross_entropy = nn.CrossEntropyLoss()
        self.loss, self.update = lambda x, y: cross_entropy(self.model(x), y), self.optimizer.step
        if variant.get("compiled"):
            self.loss = torch.compile(self.loss)
            if not self.optimizer.defaults.get("fused"):
                self.update = torch.compile(self.optimizer.step)

    def step(self, images, labels):
        self.optimizer.zero_grad()
        self.loss(images.contiguous(memory_format=self.format), labels).backward()
        self.update()


class Peer:
    def __init__(self, folder, threads):
        torch.manual_seed(0)
        self.threads = threads
        images, labels = read_part(folder, "train")
        self.images = torch.tensor(images.transpose(0, 3, 1, 2).copy())
        self.labels = torch.tensor(labels.astype("int64"))

    def forget(self):
        torch.compiler.reset()

    def open(self, request):
        return Opened(request, self.images, self.threads)

    def train(self, opened, seconds):
        torch.set_num_threads(opened.threads)
        watch = Watch(seconds)
        while watch.seconds < seconds:
            opened.model.load_state_dict(opened.first)
            order = torch.randperm(len(self.images))
            watch.begin_epoch()
            for at in range(0, len(order) - opened.batch + 1, opened.batch):
                index = order[at : at + opened.batch]
                opened.step(self.images[index], self.labels[index])
                if watch.step():
                    break
            watch.end_epoch()
        return watch.answer(opened.batch)

    def predict(self, opened, seconds):
        torch.set_num_threads(opened.threads)
        with torch.inference_mode():
            return time_calls(lambda: opened.call(opened.input), seconds)


serve(Peer(sys.argv[1], int(sys.argv[2])))
