#!/bin/sh
# From the start of the process to the first batch that is trained, in milliseconds: the median of ROUNDS runs with
# an empty cache of unpacked data ("first") and with a full one ("later"); and a whole `capas predict` of one picture.
#
#   bench/start.sh [RECIPE...]                                       (default: crash-mlp cnn-simple)
#   ROUNDS=21 CAPAS=build/capas bench/start.sh model3
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- crash-mlp cnn-simple
rounds=${ROUNDS:-11} capas=${CAPAS:-build/capas}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc -O2 -o "$folder/start" bench/start.c -lutil
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
repeat() { for _ in $(seq "$rounds"); do "$@"; done | median; }
later() { CAPAS_CACHE="$folder/cache" "$folder/start" "$capas" train "$recipe" --fresh --out "$folder/run"; }
first() {
    rm -rf "$folder/cache"
    later
}
for recipe; do
    echo "$recipe: first $(repeat first) ms, later $(repeat later) ms"
    "$capas" train "$recipe" --fresh --out "$folder/run" --set fit.steps=1 --verbose 0 >"$folder/said"
    picture() { "$folder/start" "$capas" predict "$folder/run/model.keras" data/digits/digit-3.png; }
    echo "$recipe: predict $(repeat picture) ms"
done
