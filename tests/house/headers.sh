#!/bin/sh
# Each public header compiles alone, and twice, as C11, C17 and C++17, without a warning.
#   headers.sh INCLUDE_FOLDER C_COMPILER [C++_COMPILER]
set -u
folder=$1
c_compiler=$2
cxx_compiler=$(command -v "${3:-}")
failures=0

check() { # COMPILER LANGUAGE STANDARD HEADER
    if ! printf '#include <capas/%s>\n#include <capas/%s>\n' "$4" "$4" |
        "$1" -x "$2" "-std=$3" -Wall -Wextra -Werror -fsyntax-only "-I$folder" -; then
        echo "capas/$4 does not compile alone as $3"
        failures=$((failures + 1))
    fi
}

count=0
for path in "$folder"/capas/*.h; do
    header=$(basename "$path")
    check "$c_compiler" c c11 "$header"
    check "$c_compiler" c c17 "$header"
    if [ -n "$cxx_compiler" ]; then
        check "$cxx_compiler" c++ c++17 "$header"
    fi
    count=$((count + 1))
done
[ -n "$cxx_compiler" ] || echo "no C++ compiler: C++17 was left out"
echo "$count headers, $failures failures"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]
