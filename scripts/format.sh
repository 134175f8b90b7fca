#!/bin/sh
# Lays out the C sources as .clang-format says, or with --check tells which are not so (and how).
# The measure is Debian 12's clang-format 14; CAPAS_CLANG_FORMAT names another.
set -eu
cd "$(dirname "$0")/.."
formatter=${CAPAS_CLANG_FORMAT:-$(command -v clang-format-14 || echo clang-format)}

list() {
    if git rev-parse --git-dir > /dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- '*.c' '*.h'
    else
        find include src cli examples tests bench fuzz -name '*.[ch]' 2> /dev/null
    fi
}

if [ "${1:-}" != --check ]; then
    list | xargs "$formatter" -i
    exit
fi
case $("$formatter" --version) in
*" version 14."*) ;;
*) echo "note: $("$formatter" --version) may differ from version 14, which is the measure" >&2 ;;
esac
list | xargs "$formatter" --dry-run -Werror
echo "$(list | wc -l) files are laid out as .clang-format says"
