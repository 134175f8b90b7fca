#!/bin/sh
# Packs a folder of recorded answers of Keras (made by real Keras, see tests/golden/README.md) into
# tests/golden/KIND.tar.gz, the same bytes for the same answers. The build unpacks them.
#
#   scripts/pack-golden.sh FOLDER [TARGET FOLDER]     packs the kinds that the folder has
set -eu
source=$(cd "$1" && pwd)
target=$(cd "${2:-$(dirname "$0")/../tests/golden}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pack() { # KIND FILE...
    kind=$1
    shift
    printf '%s\n' "$@" | LC_ALL=C sort > "$work/list"
    tar --create --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --no-recursion --directory="$source" --files-from="$work/list" | gzip -9n > "$target/$kind.tar.gz"
}

cd "$source"
for kind in layers activations adaptive augmentation conv_lstm spectral states losses metrics optimizers training files images callbacks text; do
    [ -d "$kind" ] || continue
    # shellcheck disable=SC2046  # the names hold no spaces
    pack "$kind" $(find "$kind" -type f)
done
cp index.json "$target/index.json"
