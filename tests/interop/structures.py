"""Networks by chance, as people build them: branches, layers used twice, models within models."""

import keras
from keras import layers

ACTIVATIONS = ["relu", "tanh", "elu", "sigmoid", "softplus", "linear"]


def pick(random, *choices):
    return choices[int(random.integers(len(choices)))]


def image_layer(random, channels):
    """A layer that keeps the size of its images and gives `channels`."""
    kernel = int(random.integers(1, 4))
    activation = pick(random, *ACTIVATIONS)
    return pick(
        random,
        lambda: layers.Conv2D(channels, kernel, padding="same", activation=activation),
        lambda: layers.Conv2D(channels, kernel, padding="same", use_bias=False, kernel_regularizer="l2"),
        lambda: layers.SeparableConv2D(channels, 3, padding="same", activation=activation),
        lambda: layers.SpectralNormalization(layers.Conv2D(channels, kernel, padding="same", activation=activation)),
        lambda: keras.Sequential(
            [layers.DepthwiseConv2D(3, padding="same"), layers.BatchNormalization(), layers.Conv2D(channels, 1)]
        ),
    )()


def plain_layer(random):
    return pick(
        random,
        lambda: layers.BatchNormalization(momentum=0.9, scale=bool(random.integers(2))),
        lambda: layers.Activation(pick(random, *ACTIVATIONS)),
        lambda: layers.Dropout(0.3),
        lambda: layers.Rescaling(0.5, offset=0.1),
    )()


def images(random):
    """A graph of images: branches that meet, ending in classes."""
    channels = int(random.integers(2, 6))
    tensors = [keras.Input((int(random.integers(6, 12)), int(random.integers(6, 12)), 2))]
    given = tensors[0]
    shared = layers.Conv2D(channels, 3, padding="same", activation="relu")
    x = shared(layers.Conv2D(channels, 1)(given))
    for _ in range(int(random.integers(1, 4))):
        branch = image_layer(random, channels)(x)
        branch = plain_layer(random)(branch)
        if random.integers(2):
            branch = shared(branch)
        x = pick(random, layers.Add(), layers.Maximum(), layers.Average())([x, branch])
    pools = layers.MaxPooling2D(2), layers.AveragePooling2D(2, padding="same"), layers.AdaptiveMaxPooling2D(3)
    x = pick(random, *pools, layers.ZeroPadding2D(1))(x)
    x = pick(random, layers.Flatten(), layers.GlobalAveragePooling2D())(x)
    return keras.Model(given, layers.Dense(4, activation="softmax")(x))


def chain(random):
    """A chain of vectors, with a chain or a graph in it."""
    width = int(random.integers(3, 9))
    inner_in = keras.Input((width,))
    inner = keras.Model(inner_in, layers.Add()([layers.Dense(width, activation="relu")(inner_in), inner_in]))
    return keras.Sequential(
        [
            keras.Input((int(random.integers(3, 9)),)),
            layers.Dense(width, activation=pick(random, *ACTIVATIONS)),
            inner,
            keras.Sequential([keras.Input((width,)), layers.Dense(5), layers.BatchNormalization()]),
            plain_layer(random),
            layers.Dense(4, activation="softmax"),
        ]
    )


def twins(random):
    """Two inputs through one model, two outputs."""
    width = int(random.integers(3, 7))
    base = keras.Sequential([keras.Input((width,)), layers.Dense(6, activation="tanh"), layers.BatchNormalization()])
    left, right = keras.Input((width,)), keras.Input((width,))
    a, b = base(left), base(right)
    both = layers.Concatenate()([a, layers.Multiply()([a, b])])
    return keras.Model([left, right], [layers.Dense(4, activation="softmax")(both), layers.Dense(2)(b)])


def films(random):
    """Images in sequence: ConvLSTM2D and what follows it."""
    sizes = [int(random.integers(3, 6)) for _ in range(3)]
    how = {"padding": pick(random, "same", "valid"), "go_backwards": bool(random.integers(2))}
    x = given = keras.Input((*sizes, 2))
    x = layers.ConvLSTM2D(3, int(random.integers(1, 4)), return_sequences=True, **how)(x)
    x = layers.TimeDistributed(layers.AdaptiveAveragePooling2D((2, 1)))(x)
    x = layers.ConvLSTM1D(2, 2)(layers.Reshape((sizes[0], 2, 3))(x))
    return keras.Model(given, layers.Dense(4, activation="softmax")(layers.Flatten()(x)))


def structures(random, rounds):
    for number in range(rounds):
        for make in (images, chain, twins, films):
            yield f"{make.__name__} {number}", make(random)
