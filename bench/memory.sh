#!/bin/sh
# The most memory that naming one picture with ResNet-50 takes, in kilobytes, and how long, from each kind of file (random
# weights); then with --save-memory. The process that reads HDF5 counts too. Needs to be root (bench/memory.c).
#
#   CAPAS=build/capas bench/memory.sh
set -eu
cd "$(dirname "$0")/.."
capas=${CAPAS:-build/capas}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc -O2 -o "$folder/memory" bench/memory.c
for kind in h5 keras capas; do
    "$capas" convert resnet50 "$folder/resnet50.$kind" --samples 1 > "$folder/said"
    for option in "" --save-memory; do
        # shellcheck disable=SC2086  # no option is no word
        "$folder/memory" "$capas" predict "$folder/resnet50.$kind" data/digits/digit-7.png $option \
            > "$folder/said" 2> "$folder/measured"
        echo ".$kind $option: $(tail -n 1 "$folder/measured")"
    done
done
