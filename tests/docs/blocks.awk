# Takes the fenced blocks out of a Markdown file.
#   awk -v folder=FOLDER -v name=NAME -f blocks.awk FILE
# Writes each block into FOLDER/NAME.NUMBER.LANGUAGE, and for each one line to standard output:
# that file, the language, the line it begins on, and what the comment <!-- test: ... --> before it says,
# with the character of number 31 between them. Blocks inside a list may be indented.
/^ *```/ && !inside {
    inside = 1
    language = $0
    sub(/^ *```/, "", language)
    indent = index($0, "`") - 1
    count++
    file = folder "/" name "." count "." (language == "" ? "none" : language)
    printf "" > file
    print file "\037" language "\037" FNR "\037" said
    said = ""
    next
}
/^ *```$/ && inside {
    inside = 0
    close(file)
    next
}
inside { print substr($0, indent + 1) >> file; next }
/^ *<!-- test: .* -->$/ { said = $0; sub(/^ *<!-- test: /, "", said); sub(/ -->$/, "", said); next }
NF { said = "" }
END { if (inside) { print FILENAME ": a block is not closed" > "/dev/stderr"; exit 1 } }
