#!/bin/sh
# From the start of the process to a network that knows 99 % of MNIST's test pictures: the recipe mnist-fast with
# some seeds, and the median of the wall times, in which reading the data, evaluation and saving are included.
#
#   bench/mnist-fast.sh [SEED...]                                    (default: 0 1 2 3 4)
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 0 1 2 3 4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for seed; do
    began=$(date +%s.%N)
    accuracy=$(build/capas train mnist-fast --seed "$seed" --out "$folder/$seed" --verbose 0 --json |
        sed -n 's/.*"test": {"accuracy": \([0-9.]*\).*/\1/p')
    ended=$(date +%s.%N)
    awk "BEGIN { printf \"seed %d: %.2f s, accuracy %s\n\", $seed, $ended - $began, \"$accuracy\" }"
done | tee "$folder/lines"
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
echo "median: $(sed 's/.*: \(.*\) s,.*/\1/' "$folder/lines" | median) s, accuracy $(sed 's/.*accuracy //' "$folder/lines" | median)"
