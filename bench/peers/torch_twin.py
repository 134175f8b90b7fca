"""The PyTorch twin of a Sequential Keras model: the same layers, loss and optimizer, in channels-first order. Of the
layers and settings it knows those that our networks have, and refuses others."""

import torch
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "selu": nn.SELU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def activation(name):
    if name in ("linear", "softmax"):  # the loss, or the caller, has the softmax
        return []
    return [ACTIVATIONS[name]()]


def initialise(weight, config):
    """As Keras's names say; what the others draw makes no difference to the time."""
    name = config["kernel_initializer"]["config"] and config["kernel_initializer"]["class_name"]
    if name == "LecunNormal":
        nn.init.kaiming_normal_(weight, nonlinearity="linear")
    elif name == "HeNormal":
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(weight)


class Builder:
    """Layers, with the shape (channels, height, width) or (features,) that they have come to."""

    def __init__(self):
        self.layers, self.shape, self.decayed = [], None, {}

    def add(self, *layers):
        self.layers += layers

    def input(self, config):
        *size, channels = config["batch_shape"][1:]
        self.shape = (channels, *size)

    def with_kernel(self, layer, config):
        initialise(layer.weight, config)
        nn.init.zeros_(layer.bias)
        penalty = config.get("kernel_regularizer")
        if penalty:
            self.decayed[layer.weight] = 2 * penalty["config"]["l2"]  # the gradient of l2 * w * w
        self.add(layer, *activation(config["activation"]))

    def convolution(self, config):
        padding, size = config["padding"], config["kernel_size"]
        layer = nn.Conv2d(self.shape[0], config["filters"], size, padding=padding)
        height, width = (
            n if padding == "same" else n - k + 1 for n, k in zip(self.shape[1:], size, strict=True)
        )
        self.shape = (config["filters"], height, width)
        self.with_kernel(layer, config)

    def pooling(self, config, kind):
        size = config["pool_size"][0]
        self.shape = (self.shape[0], self.shape[1] // size, self.shape[2] // size)
        self.add(kind(size))

    def flatten(self, _):
        count = 1
        for size in self.shape:
            count *= size
        self.shape = (count,)
        self.add(nn.Flatten())

    def dense(self, config):
        layer = nn.Linear(self.shape[0], config["units"])
        self.shape = (config["units"],)
        self.with_kernel(layer, config)

    def normalisation(self, config):
        kind = nn.BatchNorm2d if len(self.shape) == 3 else nn.BatchNorm1d
        self.add(kind(self.shape[0], eps=config["epsilon"], momentum=1 - config["momentum"]))


LAYERS = {
    "InputLayer": Builder.input,
    "Conv2D": Builder.convolution,
    "MaxPooling2D": lambda builder, config: builder.pooling(config, nn.MaxPool2d),
    "AveragePooling2D": lambda builder, config: builder.pooling(config, nn.AvgPool2d),
    "Flatten": Builder.flatten,
    "Dense": Builder.dense,
    "Dropout": lambda builder, config: builder.add(nn.Dropout(config["rate"])),
    "BatchNormalization": Builder.normalisation,
}


def build(layers):
    """The model, and the weight decay of each weight that has one."""
    builder = Builder()
    for name, config in layers:
        if name not in LAYERS:
            raise ValueError(f"the PyTorch twin has no {name}")
        LAYERS[name](builder, config)
    return nn.Sequential(*builder.layers), builder.decayed


def optimizer(settings, model, decayed):
    config = settings["optimizer"]["config"]
    groups = {}
    for weight in model.parameters():
        groups.setdefault(decayed.get(weight, 0), []).append(weight)
    groups = [{"params": weights, "weight_decay": decay} for decay, weights in groups.items()]
    rate, name = config["learning_rate"], settings["optimizer"]["class_name"]
    if name == "SGD":
        return torch.optim.SGD(groups, lr=rate, momentum=config["momentum"], fused=True)
    if name == "Adam":
        return torch.optim.Adam(groups, lr=rate, fused=True)
    if name == "RMSprop":
        return torch.optim.RMSprop(groups, lr=rate, alpha=config["rho"], eps=config["epsilon"])
    if name == "Adadelta":
        return torch.optim.Adadelta(groups, lr=rate, rho=config["rho"], eps=config["epsilon"])
    raise ValueError(f"the PyTorch twin has no optimizer {name}")
