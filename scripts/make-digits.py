#!/usr/bin/env python3
"""Writes data/digits/digit-0.png ... digit-9.png: for each digit the first picture of it in MNIST's test
set, 28x28 pixels in 8 bits of grey, white on black as MNIST has it. Needs nothing but Python.

    scripts/make-digits.py [MNIST FOLDER [OUTPUT FOLDER]]
"""
import gzip
import pathlib
import struct
import sys
import zlib


def read_idx(path, rank):
    """The sizes and the bytes of an IDX file of unsigned bytes."""
    raw = gzip.decompress(path.read_bytes())
    magic, *sizes = struct.unpack(f">I{rank}I", raw[: 4 + 4 * rank])
    if magic != 0x800 + rank:
        sys.exit(f"{path} is not an IDX file of rank {rank}")
    return sizes, raw[4 + 4 * rank :]


def png(width, height, pixels):
    """A grey picture as the bytes of a PNG file."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + pixels[y * width : (y + 1) * width] for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "data/mnist"
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "data/digits"
    (_, height, width), pixels = read_idx(source / "t10k-images-idx3-ubyte.gz", 3)
    _, labels = read_idx(source / "t10k-labels-idx1-ubyte.gz", 1)
    target.mkdir(parents=True, exist_ok=True)
    for digit in range(10):
        start = labels.index(digit) * width * height
        picture = png(width, height, pixels[start : start + width * height])
        (target / f"digit-{digit}.png").write_bytes(picture)


main()
