"""ResNet-50 v1 on 2 threads: capas against ONNX Runtime, OpenVINO and PyTorch, in turn.

    python bench/peers/resnet50.py BENCH [ROUNDS] [--train-only | --predict-only]

BENCH is the program built from bench/resnet50.c. Its weights are taken over into PyTorch, and from there through ONNX
into the others; outputs are compared before anything is timed. Of every round each gives its median; printed are the
rounds, and last, for each case, `CASE capas MS PEER MS ... ratio R` with the medians over the rounds and how many times
faster capas is than the best peer. bench/peers/resnet50.sh makes the environment and calls this.
"""
import argparse
import os
import tempfile

import numpy as np
import torch
from torch import nn

from turns import THREADS, Capas, in_turn, median, torch_step


class Block(nn.Module):
    def __init__(self, inputs, filters, stride, first):
        super().__init__()
        def part(i, o, k, s=1):
            return nn.ModuleList([nn.Conv2d(i, o, k, s, k // 2), nn.BatchNorm2d(o, 1.001e-5, 0.01)])
        self.c1, self.c2 = part(inputs, filters, 1, stride), part(filters, filters, 3)
        self.c0 = part(inputs, 4 * filters, 1, stride) if first else None
        self.c3 = part(filters, 4 * filters, 1)

    def forward(self, x):
        def apply(part, x):
            return part[1](part[0](x))
        y = torch.relu(apply(self.c1, x))
        y = apply(self.c3, torch.relu(apply(self.c2, y)))
        return torch.relu(y + (apply(self.c0, x) if self.c0 else x))

    def parts(self):
        """In Keras's order: convolutions by depth."""
        c = [*self.c1, *self.c2]
        return c + ([self.c0[0], self.c3[0], self.c0[1], self.c3[1]] if self.c0 else [*self.c3])


class ResNet50(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64, 1.001e-5, 0.01)
        self.pool = nn.MaxPool2d(3, 2, 1)
        blocks, inputs = [], 64
        for stack, count in enumerate((3, 4, 6, 3)):
            for i in range(count):
                blocks.append(Block(inputs, 64 << stack, 2 if i == 0 and stack else 1, i == 0))
                inputs = 256 << stack
        self.blocks, self.top = nn.Sequential(*blocks), nn.Linear(2048, 1000)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn(self.conv(x))))
        return self.top(self.blocks(x).mean((2, 3)))

    def take(self, numbers):
        """Weights in Keras's order and layout."""
        place = 0
        def next_of(shape):
            nonlocal place
            count = int(np.prod(shape))
            place += count
            return torch.from_numpy(numbers[place - count:place].reshape(shape).copy())
        layers = [self.conv, self.bn] + [p for b in self.blocks for p in b.parts()] + [self.top]
        with torch.no_grad():
            for layer in layers:
                if isinstance(layer, nn.Conv2d):
                    o, i, h, w = layer.weight.shape
                    layer.weight.copy_(next_of((h, w, i, o)).permute(3, 2, 0, 1))
                    layer.bias.copy_(next_of((o,)))
                elif isinstance(layer, nn.Linear):
                    layer.weight.copy_(next_of(layer.weight.shape[::-1]).T)
                    layer.bias.copy_(next_of(layer.bias.shape))
                else:
                    for tensor in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                        tensor.copy_(next_of(tensor.shape))
        assert place == numbers.size


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def predictors(model, images, folder):
    """name -> (batch -> a function that predicts)."""
    import onnxruntime
    import openvino
    path = os.path.join(folder, "resnet50.onnx")
    model.eval()
    torch.onnx.export(model, (torch.from_numpy(images[:1].transpose(0, 3, 1, 2).copy()),), path, input_names=["x"],
                      output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    core = openvino.Core()

    def of_openvino(x):
        network = core.read_model(path)
        network.reshape(list(x.shape))
        request = core.compile_model(network, "CPU", {
            "INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
        return lambda: request.infer({0: x})[0]

    def of_torch(x):
        def run():
            with torch.inference_mode():
                return model(torch.from_numpy(x)).numpy()
        return run
    return {"onnxruntime": lambda x: lambda: session.run(None, {"x": x})[0], "openvino": of_openvino, "torch": of_torch}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--predict-only", action="store_true")
    words = parser.parse_args()
    capas, model = Capas(words.bench), ResNet50()
    images = np.random.default_rng(1).uniform(-1, 1, (8, 224, 224, 3)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name) for name in ("weights", "in", "out")}
        capas.ask(f"weights {files['weights']}")
        model.take(np.fromfile(files["weights"], np.float32))
        peers = predictors(model, images, folder) if not words.train_only else {}
        for batch in (1, 8) if peers else ():
            x = np.ascontiguousarray(images[:batch].transpose(0, 3, 1, 2))
            runs = {name: make(x) for name, make in peers.items()}
            images[:batch].tofile(files["in"])
            capas.ask(f"check {batch} {files['in']} {files['out']}")
            got = np.fromfile(files["out"], np.float32).reshape(batch, 1000)
            for name, run in runs.items():
                error = np.abs(softmax(run()) - got).max() / got.max()
                print(f"batch {batch}: largest difference to {name} {error:.1e} of the largest output")
                assert error < 1e-3
            count = 12 if batch == 1 else 3
            in_turn(f"resnet50-predict-{batch}", lambda: capas.median("predict", batch, count),
                    {name: lambda run=run: median(run, count) for name, run in runs.items()}, words.rounds)
        if not words.predict_only:
            step = torch_step(model, images.transpose(0, 3, 1, 2).copy(), 1000)
            in_turn("resnet50-train-8", lambda: capas.median("train", 8, 1), {"torch": lambda: median(step, 1)}, words.rounds)


main()
