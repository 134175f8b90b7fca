#!/bin/sh
# Recurrent layers, training step and prediction: capas against PyTorch, in turn, 2 threads; see recurrent.py for what is
# printed and its options. Makes a Python environment in build/peers-recurrent the first time, or takes the one that
# PEERS names (its python).
#
#   bench/peers/recurrent.sh [--rounds N] [--seconds S] [--size UNITS STEPS BATCH INPUTS]
set -eu
cd "$(dirname "$0")/../.."
python=${PEERS:-build/peers-recurrent/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv build/peers-recurrent
    build/peers-recurrent/bin/pip install --quiet torch==2.15.* numpy
fi
cmake --build build --target bench_recurrent > /dev/null
exec "$python" bench/peers/recurrent.py build/bench/recurrent "$@"
