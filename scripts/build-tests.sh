#!/bin/sh
# Builds what the tests need whose names match a pattern, and no other test program: all of them when one that is
# no single C program (documents, examples, the house) is among them.
#
#   scripts/build-tests.sh FOLDER PATTERN [JOBS]
set -eu
folder=$1 pattern=$2 jobs=${3:-2}
cmake --build "$folder" --target build.ninja > /dev/null # new sources are found
names=$(ctest --test-dir "$folder" -N -R "$pattern" | sed -n 's/^ *Test *#[0-9]*: //p')
targets=
for name in $names; do
    target=test_$(echo "$name" | tr . _)
    grep -q "^build $target: phony" "$folder/build.ninja" || exec cmake --build "$folder" --parallel "$jobs"
    targets="$targets $target"
done
[ -z "$targets" ] || cmake --build "$folder" --parallel "$jobs" --target capas_golden $targets
