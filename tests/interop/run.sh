#!/bin/sh
# Holds capas's files against Keras itself: models made in Python are opened by capas and the other way, and
# must give the same outputs. Fetches Keras and TensorFlow (some 600 MB) into build/interop when they are not
# there; needs python3 with venv. Called by `make interop`, which builds the library first.
#
#   run.sh [BUILD FOLDER]
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$source/build}
venv=$build/interop/venv

library=
for name in libcapas.so libcapas.dylib; do
    if [ -e "$build/$name" ]; then library=$build/$name; fi
done
if [ -z "$library" ]; then
    echo "run.sh: no libcapas.so in $build; build it with: make" >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
    echo "Fetching Keras 3.15 and TensorFlow into $venv"
    mkdir -p "$build/interop"
    python3 -m venv "$venv" || { echo "run.sh: needs python3 with venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
fi
if ! "$venv/bin/python" -c 'import keras, tensorflow; assert keras.__version__.startswith("3.15.")' 2>/dev/null; then
    "$venv/bin/pip" install --quiet 'keras==3.15.*' tensorflow-cpu
fi
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0
"$venv/bin/python" "$source/tests/interop/applications.py" "$library"
"$venv/bin/python" "$source/tests/interop/weights.py" "$library"
exec "$venv/bin/python" "$source/tests/interop/check.py" "$library"
