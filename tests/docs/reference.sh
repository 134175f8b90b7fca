#!/bin/bash
# The reference: docs/reference is what the tables say now, and what the tables have is in the list of Keras's
# names.
#   reference.sh SOURCE_FOLDER PROGRAM
set -euo pipefail
source=$1
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" reference "$work"
diff -r "$source/docs/reference" "$work" ||
    { echo "docs/reference is not what the option tables say; run: make reference"; exit 1; }

failures=0
fail() {
    echo "$*"
    failures=$((failures + 1))
}

count=0
for page in layers optimizers schedules losses metrics callbacks; do
    while read -r name; do
        anchor=$(echo "$name" | tr '[:upper:]' '[:lower:]')
        grep -qF "| $name | [yes]($page.md#$anchor) |" "$work/README.md" ||
            fail "$name of $page is not among the names of Keras (cli/reference_keras.c)"
        count=$((count + 1))
    done < <(sed -n 's/^## //p' "$work/$page.md")
done
[ "$count" -gt 100 ] || fail "only $count names are in the pages"

# A list of options that ends early, or a missing page, would be seen here.
grep -qF '| `kernel_size` | required |' "$work/layers.md" || fail "Conv2D has no kernel_size"
grep -qF '| `learning_rate` | 0.01 |' "$work/optimizers.md" || fail "SGD has no learning_rate"
echo "$count names"
[ "$failures" -eq 0 ]
