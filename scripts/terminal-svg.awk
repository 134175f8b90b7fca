# Draws what a terminal shows as SVG: text, colours (30-37, 90-97, bold), lines that were redrawn (\r, \b), bars.
#   LC_ALL=C awk [-v title=TITLE] -f terminal-svg.awk FILE > FILE.svg
# Characters are counted by their bytes, so that every awk does. A bar's blocks become rectangles and every
# piece of text has its width said, so that columns stand in line whatever the viewer's font.
BEGIN {
    for (i = 0; i < 256; i++) number[sprintf("%c", i)] = i
    wide = 8.4; high = 19; left = 18; top = 50
    split("#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #6e7681", colours, " ")
}

function reset() { colour = "#c9d1d9"; bold = 0 }

function style(codes, count, i, parts) {
    count = split(codes, parts, ";")
    if (codes == "") { reset(); return }
    for (i = 1; i <= count; i++) {
        if (parts[i] + 0 == 0) reset()
        else if (parts[i] == 1) bold = 1
        else if (parts[i] == 39) colour = "#c9d1d9"
        else if (parts[i] >= 30 && parts[i] <= 37) colour = colours[parts[i] - 29]
        else if (parts[i] >= 90 && parts[i] <= 97) colour = colours[parts[i] - 89]
    }
}

# One character into the line, over what stood there.
function put(text) {
    cell[rows, column] = text
    look[rows, column] = colour (bold ? "b" : "")
    if (++column > length_of[rows]) length_of[rows] = column
}

{
    rows++
    column = 0
    reset()
    line = $0
    while (line != "") {
        c = substr(line, 1, 1)
        value = number[c]
        size = 1
        if (c == "\033" && match(line, /^\033\[[0-9;?]*[A-Za-z]/)) {
            size = RLENGTH
            if (substr(line, size, 1) == "m") style(substr(line, 3, size - 3))
            if (substr(line, size, 1) == "K") while (length_of[rows] > column) delete cell[rows, --length_of[rows]]
        } else if (c == "\r") column = 0
        else if (c == "\b") { if (column > 0) column-- }
        else if (value >= 32 && value < 128) put(c)
        else if (value >= 192) {
            size = value >= 240 ? 4 : value >= 224 ? 3 : 2
            put(substr(line, 1, size))
        }
        line = substr(line, size + 1)
    }
    while (length_of[rows] > 0 && cell[rows, length_of[rows] - 1] == " ") length_of[rows]--
    if (length_of[rows] > columns) columns = length_of[rows]
}

# The share of its cell that a block fills; 0: no block.
function share(text) {
    if (length(text) != 3 || substr(text, 1, 2) != "\342\226") return 0
    value = number[substr(text, 3)]
    return value >= 136 && value <= 143 ? (144 - value) / 8 : 0
}

function escape(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); return text }

function rectangle(x, y, width, height, fill) {
    printf "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n", x, y, width, height, fill
}

# A run of words from column `from` to before `to`.
function text_run(row, from, to, how, said, i) {
    said = ""
    for (i = from; i < to; i++) said = said cell[row, i]
    printf "<text x=\"%.2f\" y=\"%.2f\" textLength=\"%.2f\" fill=\"%s\"%s>%s</text>\n", left + from * wide,
        top + row * high - 5, (to - from) * wide, substr(how, 1, 7), how ~ /b$/ ? " font-weight=\"bold\"" : "", escape(said)
}

function draw_row(row, c, end, how, y, filled) {
    y = top + row * high
    for (c = 0; c < length_of[row]; c = end) {
        how = look[row, c]
        end = c + 1
        if (cell[row, c] == " " || cell[row, c] == "") continue
        if (cell[row, c] == "\342\224\201") { # a heavy line
            while (end < length_of[row] && cell[row, end] == cell[row, c] && look[row, end] == how) end++
            rectangle(left + c * wide, y - 11, (end - c) * wide, 3, substr(how, 1, 7))
        } else if (share(cell[row, c])) {
            filled = share(cell[row, c])
            for (; end < length_of[row] && share(cell[row, end]) && look[row, end] == how; end++)
                filled += share(cell[row, end])
            rectangle(left + c * wide, y - 15, filled * wide, 12, substr(how, 1, 7))
        } else {
            while (end < length_of[row] && look[row, end] == how && !share(cell[row, end]) && cell[row, end] != "\342\224\201" &&
                   !(cell[row, end] == " " && cell[row, end + 1] == " ")) end++
            text_run(row, c, end, how)
        }
    }
}

END {
    width = 2 * left + columns * wide
    height = top + rows * high + 14
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\">\n", width, height, width, height
    printf "<title>%s</title>\n", escape(title)
    printf "<rect width=\"%.0f\" height=\"%.0f\" rx=\"9\" fill=\"#0d1117\"/>\n", width, height
    printf "<path d=\"M0 36V9a9 9 0 0 1 9-9h%.0fa9 9 0 0 1 9 9v27z\" fill=\"#161b22\"/>\n", width - 18
    split("#ff5f56 #ffbd2e #27c93f", dots, " ")
    for (i = 1; i <= 3; i++) printf "<circle cx=\"%d\" cy=\"18\" r=\"6\" fill=\"%s\"/>\n", 4 + 20 * i, dots[i]
    print "<g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">"
    printf "<text x=\"%.0f\" y=\"23\" text-anchor=\"middle\" fill=\"#8b949e\" font-size=\"13\">%s</text>\n", width / 2, escape(title)
    for (row = 1; row <= rows; row++) draw_row(row)
    print "</g>\n</svg>"
}
