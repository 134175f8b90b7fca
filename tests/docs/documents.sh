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

# A small IDX set in $work/small: the first 320 pictures of each part of MNIST. What is shown with all of MNIST is
# tried with these.
make_small_data() {
    local part images=320
    mkdir -p "$work/small"
    for part in train t10k; do
        {
            printf '\0\0\x08\x03\0\0\x01\x40\0\0\0\x1c\0\0\0\x1c'
            gzip -dc "$source/data/mnist/$part-images-idx3-ubyte.gz" 2> /dev/null | tail -c +17 | head -c $((images * 784))
        } > "$work/small/$part-images-idx3-ubyte"
        {
            printf '\0\0\x08\x01\0\0\x01\x40'
            gzip -dc "$source/data/mnist/$part-labels-idx1-ubyte.gz" 2> /dev/null | tail -c +9 | head -c $images
        } > "$work/small/$part-labels-idx1-ubyte"
    done
}
