#!/bin/sh
# Trains the network of a recipe in Keras itself (TensorFlow) with several seeds, to set beside `capas reproduce`:
# the same layers, compile settings, data, batch size and epochs; Keras's own random numbers. Makes a Python
# environment in build/keras the first time (about 2 GB), or takes the one that KERAS names.
#
#   bench/peers/keras-recipe.sh RECIPE [SEED...]                       (default: 0 1 2)
set -eu
cd "$(dirname "$0")/../.."
python=${KERAS:-build/keras/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv build/keras
    build/keras/bin/pip install --quiet keras==3.15.* tensorflow-cpu==2.21.* pyyaml numpy
fi
recipe=$1
shift
[ $# -gt 0 ] || set -- 0 1 2
# An untrained model that capas makes of the recipe carries layers and compile settings to Keras.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build/capas train "$recipe" --set fit.epochs=0 --verbose 0 --out "$folder" > /dev/null
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$python" bench/peers/keras_recipe.py "$folder/model.keras" \
    "recipes/$recipe.yaml" data/mnist "$@"
