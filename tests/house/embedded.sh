#!/bin/sh
# The prediction half alone: a build without any other library gives libcapas-predict.a; examples/embedded.c with
# a network inside, linked statically with it, needs libc and libm only, has less than a megabyte besides the
# weights, and answers as the program that has the whole library.
#   embedded.sh SOURCE_FOLDER BUILD_FOLDER CMAKE C_COMPILER CAPAS ORIGINAL
# ORIGINAL: tests/house/original.c, which writes digits.keras and pictures, and prints what the model says of them.
set -eu
source=$1 build=$2 cmake=$3 compiler=$4 capas=$5 original=$6
most=1000000
export LC_ALL=C
mkdir -p "$build"
cd "$build"

"$cmake" -S "$source" -B half -G Ninja "-DCMAKE_C_COMPILER=$compiler" -DCMAKE_BUILD_TYPE=Release \
    -DCAPAS_PREDICTION_ONLY=ON -DCAPAS_WERROR=ON > log || { cat log; exit 1; }
"$cmake" --build half > log || { cat log; exit 1; }
"$cmake" --install half --prefix "$PWD/installed" > log || { cat log; exit 1; }
pc=$(find installed -name capas-predict.pc)

"$original" digits.keras picture.bytes > wanted
"$capas" convert digits.keras digits.c
# shellcheck disable=SC2046  # flags are several words
"$compiler" -O2 -std=c11 -Wall -Wextra -Werror "$source/examples/embedded.c" digits.c -o embedded \
    $(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs capas-predict)

if command -v ldd > /dev/null; then
    ldd embedded | awk '{ print $1 }' | grep -vE '^(linux-vdso|libc\.|libm\.|/lib.*/ld-linux|ld-linux)' > needs || true
    if [ -s needs ]; then
        echo "the program needs more than libc and libm:"
        cat needs
        exit 1
    fi
fi

strip -o stripped embedded
"$capas" convert digits.keras digits.capas
size=$(($(wc -c < stripped) - $(wc -c < digits.capas)))
echo "$size bytes besides the model"
[ "$size" -lt "$most" ]

"./stripped" < picture.bytes > found
# A name and a number each; the kernels may be others, so the last bits may differ.
paste -d ' ' wanted found | awk '
    NF != 4 || $1 != $3 { print "wanted " $1 " " $2 ", found " $3 " " $4; wrong++ }
    { apart = $2 - $4; if (apart < 0) apart = -apart }
    apart > 1e-5 { print $1 ": wanted " $2 ", found " $4; wrong++ }
    END { print NR " answers, " wrong + 0 " wrong"; exit wrong > 0 || NR == 0 }'
