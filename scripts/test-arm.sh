#!/bin/bash
# Builds the tests as programs for 64-bit ARM and runs them under qemu: whether the NEON kernels compute the right
# thing, not how fast they are. Left out are the tests of the house, of the program and of documentation, which are
# the same everywhere, and forking with threads, which qemu cannot.
#
# The ARM libraries are Debian's own packages, fetched by apt into build-arm/system and unpacked there: nothing is
# installed for another architecture, and apt's own lists stay as they are. (Ubuntu has its ARM packages on servers
# that its x86 systems do not name.)
#
#   scripts/test-arm.sh [REGEX OF TESTS]
set -euo pipefail
cd "$(dirname "$0")/.."
tests=${1:-^(base|kernels|ops|layers|model|training|data|files|recipe)\.}
build=$PWD/build-arm system=$PWD/build-arm/system

# apt for another architecture, with everything that it writes in build-arm/apt.
arm_apt() {
    apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$build/apt/state" \
        -o Dir::Cache="$build/apt/cache" -o Dir::State::status="$build/apt/status" -o Debug::NoLocking=true \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false "$@"
}

fetch_system() {
    mkdir -p "$build/apt/state/lists/partial" "$build/apt/cache/archives/partial" "$system"
    : > "$build/apt/status"
    echo "Fetching the ARM libraries into build-arm/system"
    arm_apt update
    arm_apt -y --download-only install libc6-dev zlib1g-dev libfyaml-dev libhdf5-dev libzip-dev \
        libjansson-dev libpng-dev libjpeg-dev libwebp-dev libcmocka-dev
    for package in "$build"/apt/cache/archives/*.deb; do
        dpkg-deb --extract "$package" "$system"
    done
    [ -e "$system/lib" ] || ln -s usr/lib "$system/lib"
    rm -rf "$build/apt"
    touch "$system/complete"
}

[ -f "$system/complete" ] || fetch_system
export PKG_CONFIG_SYSROOT_DIR=$system
export PKG_CONFIG_LIBDIR=$system/usr/lib/aarch64-linux-gnu/pkgconfig:$system/usr/share/pkgconfig
[ -f "$build/build.ninja" ] || cmake --preset arm -DCMAKE_SYSROOT="$system" \
    -DCMAKE_CROSSCOMPILING_EMULATOR="qemu-aarch64;-L;$system"
cmake --build "$build" --target capas_tests --parallel "${JOBS:-$(nproc)}"
CTEST_OUTPUT_ON_FAILURE=1 ctest --test-dir "$build" --no-label-summary --parallel "${JOBS:-$(nproc)}" \
    --tests-regex "$tests" --exclude-regex fork --no-tests=error
