#!/bin/sh
# capas against TensorFlow, JAX, PyTorch, ONNX Runtime and OpenVINO on this machine (make bench-peers); run.py tells how.
# Makes a Python environment in build/peers/python the first time (several GB, by pip; with the Python that
# PEERS_MAKER names, or the newest that is found), or takes the one that PEERS_PYTHON names. What cannot be installed is
# left out.
#
#   bench/peers/run.sh [OPTION OF run.py...]
set -eu
cd "$(dirname "$0")/../.."
environment=build/peers/python
if [ -z "${PEERS_PYTHON:-}" ]; then
    PEERS_PYTHON=$environment/bin/python
    if [ ! -e "$environment/installed" ]; then
        for maker in ${PEERS_MAKER:-python3.13 python3.12 python3}; do
            "$maker" -m venv --clear "$environment" > /dev/null 2>&1 && break
        done
        if [ ! -x "$PEERS_PYTHON" ]; then
            echo "run.sh: no Python here makes an environment; install python3-venv, or name one in PEERS_MAKER" >&2
            exit 1
        fi
        grep -v '^#' bench/peers/requirements.txt | while read -r requirement; do
            echo "Installing $requirement" >&2
            "$PEERS_PYTHON" -m pip install --quiet --disable-pip-version-check "$requirement" < /dev/null ||
                echo "cannot be installed here, and is left out: $requirement" >&2
        done
        touch "$environment/installed"
    fi
fi
exec "$PEERS_PYTHON" -B bench/peers/run.py --python "$PEERS_PYTHON" "$@"
