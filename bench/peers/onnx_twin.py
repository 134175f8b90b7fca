"""The ONNX twin of a Sequential Keras model, for inference: the same layers and sizes in channels-first order, with
random weights (they make no difference to the time). Refuses layers that our networks have not."""

import numpy
from onnx import TensorProto, helper, numpy_helper

ACTIVATIONS = {"relu": "Relu", "selu": "Selu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}


class Builder:
    """Nodes, with the name and shape (channels, height, width) or (features,) of what they have come to."""

    def __init__(self, batch):
        self.batch, self.nodes, self.weights = batch, [], []
        self.random = numpy.random.default_rng(0)
        self.name, self.shape = "input", None

    def weight(self, *shape, scale=None):
        name = f"weight_{len(self.weights)}"
        values = numpy.ones(shape) if scale is None else self.random.standard_normal(shape) * scale
        self.weights.append(numpy_helper.from_array(values.astype("float32"), name))
        return name

    def add(self, kind, *weights, **attributes):
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.name, *weights], [output], **attributes))
        self.name = output

    def activation(self, name):
        if name != "linear":
            self.add(ACTIVATIONS[name])

    def input(self, config):
        *size, channels = config["batch_shape"][1:]
        self.shape = self.first = (channels, *size)

    def convolution(self, config):
        filters, size, same = config["filters"], config["kernel_size"], config["padding"] == "same"
        weight = self.weight(filters, self.shape[0], *size, scale=(2 / (self.shape[0] * size[0] * size[1])) ** 0.5)
        self.add("Conv", weight, self.weight(filters, scale=0.1), kernel_shape=size,
                 auto_pad="SAME_UPPER" if same else "VALID")
        rest = (n if same else n - k + 1 for n, k in zip(self.shape[1:], size, strict=True))
        self.shape = (filters, *rest)
        self.activation(config["activation"])

    def pooling(self, config, kind):
        size = config["pool_size"]
        self.add(kind, kernel_shape=size, strides=size)
        self.shape = (self.shape[0], self.shape[1] // size[0], self.shape[2] // size[1])

    def flatten(self, _):
        self.add("Flatten")
        self.shape = (int(numpy.prod(self.shape)),)

    def dense(self, config):
        weight = self.weight(self.shape[0], config["units"], scale=(2 / self.shape[0]) ** 0.5)
        self.add("Gemm", weight, self.weight(config["units"], scale=0.1))
        self.shape = (config["units"],)
        self.activation(config["activation"])

    def normalisation(self, config):
        weights = [self.weight(self.shape[0]) for _ in range(4)]
        self.add("BatchNormalization", *weights, epsilon=config["epsilon"])


LAYERS = {
    "InputLayer": Builder.input,
    "Conv2D": Builder.convolution,
    "MaxPooling2D": lambda builder, config: builder.pooling(config, "MaxPool"),
    "AveragePooling2D": lambda builder, config: builder.pooling(config, "AveragePool"),
    "Flatten": Builder.flatten,
    "Dense": Builder.dense,
    "Dropout": lambda builder, config: None,
    "BatchNormalization": Builder.normalisation,
}


def build(layers, batch):
    builder = Builder(batch)
    for name, config in layers:
        if name not in LAYERS:
            raise ValueError(f"the ONNX twin has no {name}")
        LAYERS[name](builder, config)
    graph = helper.make_graph(
        builder.nodes, "twin",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, *builder.first])],
        [helper.make_tensor_value_info(builder.name, TensorProto.FLOAT, [batch, *builder.shape])],
        builder.weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
