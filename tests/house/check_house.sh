#!/bin/sh
# Holds scripts/check-house.sh itself to account: a small clean house passes, and each kind of breach,
# planted alone, is caught and named.
#   check_house.sh FOLDER_OF_THE_PROJECT
set -u
check=$1/scripts/check-house.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

clean_house() {
    rm -rf "$work/house"
    mkdir -p "$work/house"
    cd "$work/house" || exit 1
    for folder in base kernels/tuned ops layers model training data files report serve recipe; do
        mkdir -p "src/$folder"
        echo "int ${folder##*/};" > "src/$folder/a.h"
    done
    mkdir -p include/capas cli examples tests/base bench
    echo "int capas;" > include/capas/capas.h
    echo '#include <immintrin.h>' > src/kernels/tuned/fast.c
    printf '#include "base/a.h"\n#include <capas/capas.h>\n#include <stdio.h>\n' > src/ops/a.c
    printf '#include "training/a.h"\n#include "data/a.h"\n' > src/data/a.c
    printf '# include "serve/a.h"\n#include "recipe/a.h"\n' > src/recipe/a.c
    echo "int verb;" > cli/verb.h
    printf '#include "verb.h"\n#include "recipe/a.h"\n' > cli/main.c
    echo '#include <capas/capas.h>' > examples/first.c
    echo '#include "support/golden.h"' > tests/base/test_a.c
    echo '#include "kernels/a.h"' > bench/a.c
}

caught() { # FILE LINE WHAT_IS_SAID
    clean_house
    printf '%s\n' "$2" >> "$1"
    if said=$(sh "$check" . 2>&1); then
        echo "not caught in $1: $2"
        failures=$((failures + 1))
    elif ! printf '%s' "$said" | grep -q -F -- "$3"; then
        echo "in $1: $2: expected \"$3\", but it said: $said"
        failures=$((failures + 1))
    fi
}

clean_house
if ! said=$(sh "$check" . 2>&1); then
    echo "a clean house was refused: $said"
    failures=$((failures + 1))
fi
caught src/base/a.c '#include "kernels/a.h"' "base may not include from kernels"
caught src/layers/a.h '  #  include "model/a.h"' "layers may not include from model"
caught src/data/a.c '#include "files/a.h"' "data may not include from files"
caught src/serve/a.c '#include "report/a.h"' "serve may not include from report"
caught src/files/a.c '#include "recipe/a.h"' "files may not include from recipe"
caught src/training/a.c '#include "verb.h"' "say the folder"
caught src/recipe/a.c '#include "cli/verb.h"' "recipe may not include from cli"
caught src/model/a.c '#include "../cli/verb.h"' "without .."
caught src/model/a.c '#include "tests/support/golden.h"' "no room of the house"
caught src/model/a.c '#include "ops/missing.h"' "is not there"
caught src/model/a.c '#include <capas/missing.h>' "is not there"
caught src/model/a.c '#include MODEL_HEADER' "by macro"
caught src/base/a.c '#include <immintrin.h>' "belongs in src/kernels only"
caught cli/main.c '#include <arm_neon.h>' "belongs in src/kernels only"
caught examples/first.c '#include "base/a.h"' "an example includes only"
caught src/ops/a.c "$(yes 'int line;' | head -n 400)" "longer than 400 lines"
caught tests/base/test_a.c "$(yes 'int line;' | head -n 400)" "longer than 400 lines"
caught bench/a.c "$(yes 'int line;' | head -n 400)" "longer than 400 lines"
caught include/capas/capas.h '#include "base/a.h"' "a public header includes only"
caught src/extra.c 'int room;' "no room of the house"
clean_house
mkdir src/attic && echo "int attic;" > src/attic/a.c
if sh "$check" . > /dev/null 2>&1; then
    echo "a new room was not caught"
    failures=$((failures + 1))
fi
[ "$failures" -eq 0 ] && echo "every breach is caught"
