#!/bin/bash
# Loads every block of YAML in the documentation as a recipe, and trains it for one step if it has data. A block
# that is only a part of a recipe gets the other parts from recipes/cnn-simple.yaml. A block of JSON is a file that they may
# name.
#   yaml_blocks.sh SOURCE_FOLDER PROGRAM
set -uo pipefail
source=$1
program=$2
. "$source/tests/docs/documents.sh"
export CAPAS_DATA="$source/data" CAPAS_RECIPES="$source/recipes"
count=0

# The parts of the first recipe, and those of the second that the first does not have.
complete() { # BLOCK RECIPE
    awk '/^[a-z_]+:/ { key = $1 }
         FNR == 1 { part++; skip = 0 }
         part == 1 { have[key] = 1; print; next }
         /^[a-z_]+:/ { skip = key in have }
         !skip' "$1" "$2"
}

make_small_data
mkdir "$work/scratch"
cd "$work/scratch" || exit 1
mkdir -p photos/even photos/odd
cp "$source"/data/digits/digit-[02468].png photos/even
cp "$source"/data/digits/digit-[13579].png photos/odd
while read -r document; do
    while IFS=$between read -r block language line said; do
        [ "$language" != json ] || cp "$block" "$(basename "${said#file }")"
        [ "$language" = yaml ] || continue
        where=$document:$line
        count=$((count + 1))
        complete "$block" "$source/recipes/cnn-simple.yaml" > recipe.yaml
        data=(--data "$work/small")
        ! grep -q 'folder: photos' recipe.yaml || data=()
        if ! "$program" summary recipe.yaml > said 2>&1; then
            fail "$where" "is no recipe: $(cat said)"
        elif ! "$program" train recipe.yaml "${data[@]}" --fresh --out run --verbose 0 --set fit.epochs=1 \
            --set fit.steps_per_epoch=1 --set fit.validation_steps=1 > said 2>&1; then
            fail "$where" "does not train: $(cat said)"
        fi
    done < <(blocks "$document")
done < <(documents)

# Every key that the program knows stands in docs/recipes.md; it lists them when it meets one that it does not.
for part in "" data. fit. expect.; do
    known=$("$program" train cnn-simple --out run --set "${part}wxyzwxyzwxyz=1" 2>&1 | sed -n 's/.*wxyz"; there are //p')
    [ -n "$known" ] || fail docs/recipes.md "the program did not list its keys for ${part:-a recipe}"
    for key in ${known//,/}; do
        grep -q "\`$key\`" "$source/docs/recipes.md" || fail docs/recipes.md "says nothing of $part$key"
    done
done
echo "$count blocks of YAML, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]
