#!/bin/bash
# Draws docs/demo.svg: what `make demo` shows, run by the program as it is built in build/ (or the folder that
# is given). Takes as long as the demo; best on a quiet machine, as the picture shows the times.
#   scripts/demo-svg.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-build}")/capas
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# As in a terminal: colours, redrawn lines.
shown() { script --quiet --return --command "stty columns 100; PATH=\"$(dirname "$program"):\$PATH\"; $*" /dev/null < /dev/null; }

ln -s "$PWD/data" "$PWD/recipes" "$work/"
here=$PWD
cd "$work"
shown capas train cnn-simple --fresh > training
shown capas predict runs/cnn-simple/model.keras "data/digits/*.png" > digits
{
    printf '\033[32m$\033[0m \033[1mmake demo\033[0m\n\033[90m...\033[0m\n'
    tail -n 6 training
    cat digits
} > all
LC_ALL=C awk -v title="capas: make demo" -f "$here/scripts/terminal-svg.awk" all > "$here/docs/demo.svg"
