#!/bin/bash
# Compiles every block of C and C++ in the documentation as a reader would, without a warning; whole programs
# are run. A block that says nothing of how it is tried is a failure.
#   c_blocks.sh SOURCE_FOLDER BUILD_FOLDER C_COMPILER C++_COMPILER [FLAGS_OF_THE_SANITIZERS]
set -uo pipefail
source=$1
build=$2
c_compiler=$3
cxx_compiler=$4
flags=${5:-}
. "$source/tests/docs/documents.sh"
export CAPAS_DATA="$source/data"
count=0

compile() { # LANGUAGE FILE [MORE]...
    local compiler=$c_compiler standard=c11
    [ "$1" = c ] || { compiler=$cxx_compiler standard=c++17; }
    local language=$1 file=$2
    [ "$language" = c ] || language=c++
    shift 2
    # shellcheck disable=SC2086  # flags are several words
    "$compiler" $flags -x "$language" "-std=$standard" -Wall -Wextra -Werror "-I$source/include" "$file" "$@"
}

run_program() { # WHERE LANGUAGE BLOCK
    compile "$2" "$3" -o "$work/program" "-L$build" -lcapas "-Wl,-rpath,$build" || return 1
    mkdir -p "$work/scratch"
    (cd "$work/scratch" && "$work/program" > "$work/output" 2>&1) && return
    cat "$work/output"
    return 1
}

# Statements become the body of a function with the parameters that are given.
compile_fragment() { # LANGUAGE BLOCK PARAMETERS
    {
        printf '#include <capas/capas.h>\n#include <stdio.h>\n#include <stdlib.h>\n'
        printf 'void fragment(%s);\nvoid fragment(%s)\n{\n' "${3:-void}" "${3:-void}"
        cat "$2"
        printf '}\n'
    } > "$work/fragment"
    compile "$1" "$work/fragment" -c -o "$work/fragment.o"
}

# Each line of a fragment is a line of the program, in the same order, but for the number of epochs.
stands_in() { # BLOCK PROGRAM
    sed 's/\.epochs = [0-9]*/.epochs = epochs/' "$1" | awk '
        { line = $0; sub(/^ +/, "", line) }
        FNR == 1 { part++ }
        part == 1 && line != "" { wanted[++count] = line }
        part == 2 && found < count && line == wanted[found + 1] { found++ }
        END { if (found < count) print "not in the program, or not there: " wanted[found + 1]; exit found < count }
    ' - "$source/$2"
}

while read -r document; do
    while IFS=$between read -r block language line said; do
        case $language in c | cpp) ;; *) continue ;; esac
        where=$document:$line
        count=$((count + 1))
        case $said in
        "fragment of "*)
            stands_in "$block" "${said#fragment of }" || fail "$where" "differs from ${said#fragment of }"
            compile_fragment "$language" "$block" "" || fail "$where" "does not compile"
            ;;
        "fragment with "*)
            compile_fragment "$language" "$block" "${said#fragment with }" || fail "$where" "does not compile" ;;
        fragment) compile_fragment "$language" "$block" "" || fail "$where" "does not compile" ;;
        "file "*)
            compile "$language" "$block" -c "-I$source/src" -o "$work/file.o" || fail "$where" "does not compile" ;;
        "")
            if grep -q 'int main(' "$block"; then
                run_program "$where" "$language" "$block" || fail "$where" "does not compile or run"
            else
                fail "$where" "say with <!-- test: ... --> how it is tried (tests/docs/documents.sh)"
            fi
            ;;
        *) fail "$where" "nobody knows <!-- test: $said -->" ;;
        esac
    done < <(blocks "$document")
done < <(documents)
echo "$count blocks of C and C++, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]
