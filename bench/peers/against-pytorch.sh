#!/bin/sh
# Training cnn-simple: capas against PyTorch eager, in turn, on this machine with 2 threads; prints each round and the
# median ratio. Makes a Python environment in build/peers the first time (about 3 GB), or takes the one that TORCH names.
#
#   bench/peers/against-pytorch.sh [ROUNDS [SECONDS]]
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-5}
seconds=${2:-4}
threads=2
python=${TORCH:-build/peers/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv build/peers
    build/peers/bin/pip install --quiet torch==2.15.* numpy
fi
rate() { sed -n 's/.*"train_samples_per_second": *\([0-9.]*\).*/\1/p' | tail -n 1; }
ratios=
for round in $(seq "$rounds"); do
    # bench prints 1 thread, then 2; each object on the one line is cut to a line of its own
    ours=$(CAPAS_THREADS=$threads build/capas bench cnn-simple --seconds "$seconds" --json | sed 's/}, /},\n/g' | rate)
    theirs=$("$python" bench/peers/pytorch_cnn_simple.py data/mnist "$threads" "$seconds" | rate)
    ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")
    printf 'round %d: capas %.0f samples/s, PyTorch %.0f, ratio %s\n' "$round" "$ours" "$theirs" "$ratio"
    ratios="$ratios $ratio"
done
echo "$ratios" | tr ' ' '\n' | grep . | sort -n | awk '{ r[NR] = $1 } END { printf "median ratio %.2f (%.2f to %.2f)\n", r[int((NR + 1) / 2)], r[1], r[NR] }'
