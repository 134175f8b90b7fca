#!/bin/sh
# ResNet-50 v1, prediction and training step: capas against ONNX Runtime, OpenVINO and PyTorch, in turn, 2 threads; see
# resnet50.py for what is printed. Makes a Python environment in build/peers-resnet50 the first time (about 4 GB), or
# takes the one that PEERS names (its python).
#
#   bench/peers/resnet50.sh [ROUNDS] [--train-only | --predict-only]
set -eu
cd "$(dirname "$0")/../.."
python=${PEERS:-build/peers-resnet50/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv build/peers-resnet50
    build/peers-resnet50/bin/pip install --quiet torch==2.15.* numpy onnx onnxruntime openvino
fi
cmake --build build --target bench_resnet50 > /dev/null
exec "$python" bench/peers/resnet50.py build/bench/resnet50 "$@"
