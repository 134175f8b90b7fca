# For the tests of the documentation, which read it in with $source set: which files are documents, and
# their blocks. What is written for readers is tried here as they would try it.
#
# A comment before a block says how it is tried, where that does not follow from the block itself:
#   <!-- test: fragment -->                          statements of C: compiled in a function
#   <!-- test: fragment with TYPE name, ... -->      that has these parameters
#   <!-- test: fragment of FILE -->                  and stand, line by line, in that program
#   <!-- test: file PATH -->                         a file of ours that a reader would make
#   <!-- test: change PATH -->                       lines that a reader would add to one (diff)
#   <!-- test: output -->                            what a program prints (text)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

documents() {
    (cd "$source" && find README.md README.es.md CONTRIBUTING.md docs tests/golden/README.md -name '*.md' | LC_ALL=C sort)
}

# blocks DOCUMENT: file, language, line, and what the comment says, of each block; `between` lies between.
between=$'\x1f'
blocks() {
    mkdir -p "$work/blocks"
    awk -v folder="$work/blocks" -v name="$(tr '/' '_' <<< "$1")" -f "$source/tests/docs/blocks.awk" "$source/$1"
}

fail() { # WHERE WHAT
    echo "$1: $2"
    failures=$((failures + 1))
}
