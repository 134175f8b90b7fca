#!/bin/sh
# The shared library exports what the public headers declare: no less and no more. And the static one takes
# no name from its user that does not begin with capas_.
#   symbols.sh INCLUDE_FOLDER SHARED_LIBRARY STATIC_LIBRARY
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# Names that begin with two underscores are the sanitizers'.
exported() { nm --extern-only --defined-only --format=posix "$@" | awk 'NF > 2 && $1 !~ /^__/ { print $1 }' | sort -u; }

cat "$1"/capas/*.h | grep -v '#define' | tr '\n' ' ' | grep -oE 'CAPAS_API[^;({]*[;(]' |
    grep -oE '[A-Za-z0-9_]+ *[;(]$' | tr -d ' ;(' | sort -u > "$work/declared"
exported --dynamic "$2" > "$work/exported"
failures=0

none_in() { # FILE WHAT_IS_SAID
    if [ -s "$1" ]; then
        sed "s/^/$2: /" "$1"
        failures=$((failures + 1))
    fi
}

comm -23 "$work/declared" "$work/exported" > "$work/missing"
none_in "$work/missing" "declared in a public header, not in the shared library"
comm -13 "$work/declared" "$work/exported" > "$work/private"
none_in "$work/private" "exported, but in no public header"
exported "$3" | grep -v '^capas_' > "$work/foreign"
none_in "$work/foreign" "a global name of the static library without capas_"

echo "$(wc -l < "$work/declared") names declared, $(wc -l < "$work/exported") exported"
[ "$failures" -eq 0 ] && [ -s "$work/declared" ]
