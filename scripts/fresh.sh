#!/bin/bash
# Tries capas as a newcomer meets it: a fresh clone of the last commit on a bare Debian, in a chroot
# (scripts/chroot.sh says how). Only `make` is called.
#
#   scripts/fresh.sh bookworm|trixie [TARGET OF MAKE...]       (demo and test, when none is named)
set -euo pipefail
dist=${1:?which Debian: bookworm or trixie}
shift
[ $# -gt 0 ] || set -- demo test
. "$(dirname "$0")/chroot.sh"

make_chroot "$dist"
in_chroot "$@" <<'END'
for target in "$@"; do
    SECONDS=0
    make --no-print-directory "$target"
    echo "== make $target: done in $SECONDS s"
done
SECONDS=0
make --no-print-directory build
echo "== make again: $SECONDS s"
END
