#!/bin/bash
# What the documentation points to is there: files that are linked, headings behind a #, and paths in
# `backquotes`. Every block says its language. The two READMEs have the same code. Every status is explained.
#   links.sh SOURCE_FOLDER
set -uo pipefail
source=$1
. "$source/tests/docs/documents.sh"
count=0

# The text of a document without its blocks.
prose() { awk '/^ *```/ { inside = !inside; next } !inside' "$source/$1"; }

# The anchors of a document's headings: small letters, no punctuation, - for blanks.
anchors() {
    prose "$1" | sed -n 's/^#\{1,6\} //p' | tr '[:upper:]' '[:lower:]' | sed 's/[][(){}.,:;!?`'"'"'"\/+*&]//g; s/ /-/g'
}

check_link() { # DOCUMENT TARGET
    local path=${2%%#*} anchor= folder
    case $2 in http://* | https://* | mailto:*) return ;; *'#'*) anchor=${2#*#} ;; esac
    folder=$(dirname "$1")
    path=${path:+$folder/$path}
    path=$(realpath --canonicalize-missing --relative-to="$source" "$source/${path:-$1}")
    [ -e "$source/$path" ] || fail "$1" "links to $2, which is not there"
    [ -z "$anchor" ] || anchors "$path" | grep -qxF -- "$anchor" || fail "$1" "links to $2: no such heading"
}

while read -r document; do
    made=" $(blocks "$document" | awk -F "$between" '$4 ~ /^file / { sub(/^file /, "", $4); print $4 }' | tr '\n' ' ')"
    while read -r target; do
        count=$((count + 1))
        check_link "$document" "$target"
    done < <(prose "$document" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//')
    while read -r path; do
        case $made in *" $path "*) continue ;; esac
        count=$((count + 1))
        [ -e "$source/$path" ] || fail "$document" "names \`$path\`, which is not there"
    done < <(prose "$document" | grep -oE '`(src|include|cli|cmake|docs|examples|recipes|scripts|tests|bench|data)/[A-Za-z0-9_./-]+`' | tr -d '`')
    while IFS=$between read -r _ language line said; do
        case $language in
        c | cpp | sh | yaml | cmake | text) ;;
        json) [[ $said == "file "* ]] || fail "$document:$line" "JSON says its file: <!-- test: file PATH -->" ;;
        diff) [[ $said == "change "* ]] || fail "$document:$line" "a diff says what it changes: <!-- test: change PATH -->" ;;
        "") fail "$document:$line" "say the language of the block: c, cpp, sh, yaml, cmake, json, diff or text" ;;
        *) fail "$document:$line" "blocks of $language are tried by no test" ;;
        esac
    done < <(blocks "$document")
done < <(documents)

# Code without its comments.
code() { awk '/^ *```/ { inside = !inside; print; next } inside { sub(/ +# .*/, ""); print }' "$source/$1"; }
if ! diff <(code README.md) <(code README.es.md); then
    fail README.es.md "has other code than README.md"
fi
# docs/errors.md has every status with its meaning.
while read -r row; do
    count=$((count + 1))
    grep -qxF -- "$row" "$source/docs/errors.md" || fail docs/errors.md "has no line $row"
done < <(sed -n 's/^ *X(\([A-Z_]*\), "\(.*\)").*/| `CAPAS_\1` | \2 |/p' "$source/include/capas/status.h")

echo "$count links and paths, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]
