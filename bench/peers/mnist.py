"""MNIST's IDX files as numpy arrays, for the peers."""

import gzip

import numpy


def read_idx(path):
    raw = gzip.open(path).read()
    sizes = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * raw[3]).reshape(sizes)


def read_part(folder, part):
    """Pictures (n, 28, 28, 1) in 0 to 1 and labels of the part "train" or "t10k"."""
    images = read_idx(f"{folder}/{part}-images-idx3-ubyte.gz")
    return images[..., None].astype("float32") / 255, read_idx(f"{folder}/{part}-labels-idx1-ubyte.gz")


def images_of(images, count, shape):
    """The first of the images where those are of this shape (height, width, channels), else random ones."""
    if images.shape[1:] == tuple(shape):
        return images[:count]
    return numpy.random.default_rng(1).random((count, *shape), "float32")
