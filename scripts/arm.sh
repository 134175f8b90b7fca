#!/bin/bash
# Runs the tests as a 64-bit ARM program would: cross-compiled in a Debian 12 chroot (scripts/chroot.sh says
# how) and emulated by qemu, which cannot fork a program with threads: that test is left out. It shows that the NEON kernels compute the right thing, not how fast they are.
#
#   scripts/arm.sh [REGEX OF TESTS]       (all but those of the house and the examples, when none is given)
set -euo pipefail
. "$(dirname "$0")/chroot.sh"

make_chroot bookworm
in_chroot "${1:-^(base|kernels|ops|layers|model|training|data|files|recipe|support)}" <<'END'
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture arm64
apt-get -q update
apt-get -q -y install --no-install-recommends cmake ninja-build pkg-config qemu-user gcc-aarch64-linux-gnu \
    libc6-dev:arm64 zlib1g-dev:arm64 libfyaml-dev:arm64 libhdf5-dev:arm64 libzip-dev:arm64 \
    libjansson-dev:arm64 libpng-dev:arm64 libcmocka-dev:arm64
export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
cmake -S . -B build-arm -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc \
    -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64 -DCAPAS_WITH_CMOCKA=ON
cmake --build build-arm
CTEST_OUTPUT_ON_FAILURE=1 ctest --test-dir build-arm --parallel "$(nproc)" --tests-regex "$1" \
    --exclude-regex fork
END
