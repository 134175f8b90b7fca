#!/bin/sh
# Installs into an empty folder, moves it, and builds examples/first.c against it as a user would: with
# pkg-config and with CMake, shared and static, without a warning. Then runs the installed program.
#   install.sh SOURCE_FOLDER BUILD_FOLDER CMAKE C_COMPILER [FLAGS_OF_THE_SANITIZERS]
set -eu
source=$1
build=$2
cmake=$3
compiler=$4
flags=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/first place" > "$work/log" || { cat "$work/log"; exit 1; }
prefix=$work/installed
mv "$work/first place" "$prefix"
pc=$(find "$prefix" -name capas.pc)
library_folder=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH

for header in "$source"/include/capas/*.h; do
    cmp "$header" "$prefix/include/capas/$(basename "$header")"
done
if readelf --version > /dev/null 2>&1; then
    readelf -d "$library_folder/libcapas.so" | grep -q 'SONAME.*\[libcapas\.so\.0\]'
fi

echo "with pkg-config, shared"
# shellcheck disable=SC2046,SC2086  # flags are several words
"$compiler" $flags -std=c11 -Wall -Wextra -Werror "$source/examples/first.c" -o "$work/first_shared" \
    $(pkg-config --cflags --libs capas) "-Wl,-rpath,$library_folder"
echo "with pkg-config, static"
# shellcheck disable=SC2046,SC2086
"$compiler" $flags -std=c11 -Wall -Wextra -Werror "$source/examples/first.c" -o "$work/first_static" \
    $(pkg-config --cflags --libs --static capas | sed "s|-lcapas|$library_folder/libcapas.a|")
if command -v ldd > /dev/null; then
    ldd "$work/first_shared" | grep -q "libcapas.so.0 => $library_folder/libcapas.so.0"
    ! ldd "$work/first_static" | grep -q libcapas
fi

echo "with CMake"
"$cmake" -S "$source/tests/house/consumer" -B "$work/consumer" -G Ninja "-DCMAKE_C_COMPILER=$compiler" \
    "-DCMAKE_PREFIX_PATH=$prefix" "-DEXAMPLE=$source/examples/first.c" "-DCMAKE_C_FLAGS=$flags" \
    "-DCMAKE_EXE_LINKER_FLAGS=$flags" > "$work/log" || { cat "$work/log"; exit 1; }
"$cmake" --build "$work/consumer" > "$work/log" || { cat "$work/log"; exit 1; }

if [ -x "$build/capas" ]; then
    echo "the installed program"
    "$prefix/bin/capas" --help > /dev/null
fi
echo "installed, found and linked in four ways"
