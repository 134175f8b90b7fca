#!/bin/sh
# MobileNetV2 and Conv1D, training steps: capas against PyTorch, in turn, 2 threads; see convolutions.py. Makes a Python
# environment in build/peers-torch the first time, or takes the one that PEERS names (its python).
#
#   bench/peers/convolutions.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
python=${PEERS:-build/peers-torch/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv build/peers-torch
    build/peers-torch/bin/pip install --quiet torch==2.15.* numpy
fi
cmake --build build --target bench_convolutions > /dev/null
exec "$python" -B bench/peers/convolutions.py build/bench/convolutions "$@"
