"""The ONNX twin of a Keras model, for inference: the same layers and sizes in channels-first order, with random weights
(they make no difference to the time). Refuses layers that our networks have not."""

import numpy
from onnx import TensorProto, helper, numpy_helper

from mnist import images_of

ACTIVATIONS = {"relu": "Relu", "selu": "Selu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}


class Value:
    """What a layer gave: its name in the graph and its shape without the batch, (channels, height, width) or
    (features,)."""

    def __init__(self, name, shape):
        self.name, self.shape = name, tuple(shape)


class Builder:
    def __init__(self, batch):
        self.batch, self.nodes, self.weights, self.inputs = batch, [], [], []
        self.random = numpy.random.default_rng(0)

    def weight(self, *shape, scale=None):
        values = numpy.ones(shape) if scale is None else self.random.standard_normal(shape) * scale
        return self.constant(values.astype("float32"))

    def constant(self, values):
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind, shape, *inputs, **attributes):
        names = [value.name if isinstance(value, Value) else value for value in inputs]
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return Value(output, shape)

    def activated(self, x, name):
        if name == "linear":
            return x
        return self.add(ACTIVATIONS[name], x.shape, x, **({"axis": 1} if name == "softmax" else {}))

    def input(self, config):
        *size, channels = config["batch_shape"][1:]
        self.inputs.append(Value(f"input_{len(self.inputs)}", (channels, *size)))
        return self.inputs[-1]

    def window(self, x, config, size):
        """How a window of `size` goes over x: attributes, and the size of what comes out."""
        strides, same = config["strides"] or size, config["padding"] == "same"
        rest = (-(-n // s) if same else (n - k) // s + 1 for n, k, s in zip(x.shape[1:], size, strides, strict=True))
        return {"kernel_shape": size, "strides": strides, "auto_pad": "SAME_UPPER" if same else "VALID"}, tuple(rest)

    def convolution(self, x, config, filters, groups):
        size, inputs = config["kernel_size"], x.shape[0] // groups
        attributes, rest = self.window(x, config, size)
        weights = [self.weight(filters, inputs, *size, scale=(2 / (inputs * size[0] * size[1])) ** 0.5)]
        if config["use_bias"]:
            weights.append(self.weight(filters, scale=0.1))
        y = self.add("Conv", (filters, *rest), x, *weights, group=groups, **attributes)
        return self.activated(y, config["activation"])

    def pooling(self, x, config, kind):
        attributes, rest = self.window(x, config, config["pool_size"])
        return self.add(kind, (x.shape[0], *rest), x, **attributes)

    def global_pooling(self, x, kind):
        return self.flatten(self.add(kind, (x.shape[0], 1, 1), x))

    def flatten(self, x):
        return self.add("Flatten", (int(numpy.prod(x.shape)),), x)

    def dense(self, x, config):
        weight = self.weight(x.shape[0], config["units"], scale=(2 / x.shape[0]) ** 0.5)
        y = self.add("Gemm", (config["units"],), x, weight, self.weight(config["units"], scale=0.1))
        return self.activated(y, config["activation"])

    def normalisation(self, x, config):
        weights = [self.weight(x.shape[0]) for _ in range(4)]
        return self.add("BatchNormalization", x.shape, x, *weights, epsilon=config["epsilon"])

    def rectifier(self, x, config):
        if config["negative_slope"] or config["threshold"]:
            raise ValueError("the ONNX twin has no ReLU with a slope or threshold")
        if config["max_value"] is None:
            return self.activated(x, "relu")
        limits = [self.constant(numpy.array(limit, "float32")) for limit in (0, config["max_value"])]
        return self.add("Clip", x.shape, x, *limits)

    def padding(self, x, config):
        (top, bottom), (left, right) = config["padding"]
        pads = self.constant(numpy.array([0, 0, top, left, 0, 0, bottom, right], "int64"))
        channels, height, width = x.shape
        return self.add("Pad", (channels, height + top + bottom, width + left + right), x, pads)

    def concatenate(self, *inputs):
        shape = (sum(x.shape[0] for x in inputs), *inputs[0].shape[1:])
        return self.add("Concat", shape, *inputs, axis=1)


LAYERS = {
    "InputLayer": Builder.input,
    "Conv2D": lambda b, config, x: b.convolution(x, config, config["filters"], config["groups"]),
    "DepthwiseConv2D": lambda b, config, x: b.convolution(x, config, x.shape[0] * config["depth_multiplier"], x.shape[0]),
    "MaxPooling2D": lambda b, config, x: b.pooling(x, config, "MaxPool"),
    "AveragePooling2D": lambda b, config, x: b.pooling(x, config, "AveragePool"),
    "GlobalAveragePooling2D": lambda b, config, x: b.global_pooling(x, "GlobalAveragePool"),
    "Flatten": lambda b, config, x: b.flatten(x),
    "Dense": lambda b, config, x: b.dense(x, config),
    "Dropout": lambda b, config, x: x,
    "BatchNormalization": lambda b, config, x: b.normalisation(x, config),
    "ReLU": lambda b, config, x: b.rectifier(x, config),
    "Activation": lambda b, config, x: b.activated(x, config["activation"]),
    "ZeroPadding2D": lambda b, config, x: b.padding(x, config),
    "Add": lambda b, config, x, y: b.add("Add", x.shape, x, y),
    "Concatenate": lambda b, config, *inputs: b.concatenate(*inputs),
}


def build(layers, batch):
    """The ONNX model of what worker.read_graph gives."""
    builder, values = Builder(batch), {}
    for name, kind, config, inputs in layers:
        if kind not in LAYERS:
            raise ValueError(f"the ONNX twin has no {kind}")
        values[name] = last = LAYERS[kind](builder, config, *(values[x] for x in inputs))

    def described(value):
        return helper.make_tensor_value_info(value.name, TensorProto.FLOAT, [batch, *value.shape])

    graph = helper.make_graph(builder.nodes, "twin", [described(x) for x in builder.inputs], [described(last)],
                              builder.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def images_for(model, images):
    """Images for the twin's input, in its order."""
    count, channels, *size = [side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim]
    return images_of(images, count, (*size, channels)).transpose(0, 3, 1, 2).copy()
