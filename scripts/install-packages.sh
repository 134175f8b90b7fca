#!/bin/sh
# Installs the Debian or Ubuntu packages that capas needs and that are missing; does nothing, and quickly,
# when all are there. Says what it does. The names are the same on Debian 12 and 13 and Ubuntu 24.04.
#
#   scripts/install-packages.sh SET...     build: to build     test: to test     develop: for the checks     arm: to test for ARM
set -eu

packages=
for set in "${@:-build}"; do
    case $set in
    build)
        packages="$packages gcc libc6-dev cmake ninja-build pkg-config zlib1g-dev libfyaml-dev libhdf5-dev
            libzip-dev libjansson-dev libpng-dev libjpeg-dev libwebp-dev libcairo2-dev fonts-dejavu-core"
        ;;
    test) packages="$packages g++ libcmocka-dev" ;;
    develop) packages="$packages clang clang-format gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
    arm) packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
    *)
        echo "install-packages.sh: no set named $set; there are: build, test, develop, arm" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    # Not a Debian: CMake will say what it misses.
    exit 0
fi

# shellcheck disable=SC2086  # several words
installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' $packages 2> /dev/null || true)
missing=
for package in $packages; do
    case "
$installed
" in
    *"
installed $package
"*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
    if ! command -v sudo > /dev/null; then
        echo "Missing packages, and no sudo to install them. As root: apt-get install$missing" >&2
        exit 1
    fi
fi
echo "Installing the missing packages:$missing" >&2
# shellcheck disable=SC2086
{
    $as_root apt-get -q -o DPkg::Lock::Timeout=300 update >&2
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install \
        --no-install-recommends $missing >&2
}
