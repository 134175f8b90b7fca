#!/bin/bash
# Adds a layer to capas as docs/architecture.md tells, and sees whether it works: the one file and the one
# line are taken from the document, compiled, and put before the library.
#   layer.sh SOURCE_FOLDER BUILD_FOLDER C_COMPILER [FLAGS_OF_THE_SANITIZERS]
set -euo pipefail
source=$1
build=$2
compiler=$3
flags=${4:-}
. "$source/tests/docs/documents.sh"

mkdir "$work/tree"
files=0
lines=0
while IFS=$between read -r block language line said; do
    case $said in
    "file "*)
        path=${said#file }
        [ ! -e "$source/$path" ] || fail "$path" "is not new"
        mkdir -p "$(dirname "$work/tree/$path")"
        cp "$block" "$work/tree/$path"
        files=$((files + 1))
        added=$path
        ;;
    "change "*)
        path=${said#change }
        mkdir -p "$(dirname "$work/tree/$path")"
        # Puts the lines with + behind the line above them in the block, which must be there once.
        awk -v document="docs/architecture.md:$line" '
            NR == FNR {
                if (/^\+/) { new[++count] = substr($0, 2); after[count] = before }
                else if (/^-/) { print document ": takes a line away" > "/dev/stderr"; exit 1 }
                else before = substr($0, 2)
                next
            }
            { print }
            { for (i = 1; i <= count; i++) if ($0 == after[i]) { print new[i]; put++ } }
            END { if (put != count || count == 0) { print document ": does not fit the file" > "/dev/stderr"; exit 1 } }
        ' "$block" "$source/$path" > "$work/tree/$path"
        lines=$((lines + $(grep -c '^+' "$block")))
        ;;
    esac
done < <(blocks docs/architecture.md)
if [ "$files" -ne 1 ] || [ "$lines" -ne 1 ]; then
    echo "docs/architecture.md: a layer takes $files new files and $lines changed lines; one of each was promised"
    exit 1
fi

# Objects that are named go before those of the same names in the library.
set -- -std=gnu11 -O1 -Wall -Wextra -Werror "-I$work/tree/src" "-I$source/src" "-I$source/include"
# shellcheck disable=SC2086  # flags are several words
"$compiler" $flags "$@" -o "$work/try" "$source/tests/docs/negate.c" "$work/tree/$added" \
    "$source/src/layers/list.c" "$build/libcapas.a" \
    $(PKG_CONFIG_PATH=$build pkg-config --libs --static capas | sed 's/-lcapas\b//')
cd "$work"
./try
