#!/bin/sh
# The rules of the house that a compiler does not check:
#   - a folder includes only from itself and from folders before it:
#       base <- kernels <- ops <- layers <- model <- training <- data, files, report, serve <- recipe <- cli
#     (data, files, report and serve do not know each other; <capas/...> is allowed to all)
#   - includes of our own say their folder: "base/status.h" (in cli a neighbour's bare name too)
#   - what they include is there
#   - the processor's intrinsics are only in src/kernels
#   - no source is longer than 400 lines, tests and benchmarks among them
#   - examples and public headers see public headers only
#
#   check-house.sh [FOLDER OF THE PROJECT]     prints each breach; exit status 1 when there is one
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
limit=400

# shellcheck disable=SC2046
find src cli include examples tests bench -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null | LC_ALL=C sort | xargs awk -v limit="$limit" '
function breach(text) { print text; breaches++ }

function rank_of(folder) { return folder in rank ? rank[folder] : 0 }

BEGIN {
    split("base kernels ops layers model training data recipe cli", order, " ")
    for (i in order) rank[order[i]] = i
    rank["files"] = rank["report"] = rank["serve"] = rank["data"]
}

FNR == 1 {
    files++
    if (split(FILENAME, part, "/") && part[1] == "src") folder = part[2]
    else folder = part[1]
    if (part[1] == "src" && !rank_of(folder)) breach(FILENAME ": src/" folder " is no room of the house")
}

FNR == limit + 1 && folder != "examples" { breach(FILENAME ": longer than " limit " lines") }

folder == "tests" || folder == "bench" { next }

/^[ \t]*#[ \t]*include/ {
    place = FILENAME ":" FNR ": "
    if (!match($0, /[<"][^>"]*[>"]/)) { breach(place "an include by macro cannot be checked"); next }
    bracket = substr($0, RSTART, 1)
    name = substr($0, RSTART + 1, RLENGTH - 2)
    if (name ~ /^(([a-z]*mm|x86)intrin|arm_neon|arm_sve)\.h$/) {
        if (folder != "kernels") breach(place name " belongs in src/kernels only")
        next
    }
    if (name ~ /^capas\//) {
        if ((getline ignored < ("include/" name)) < 0) breach(place name " is not there")
        close("include/" name)
        next
    }
    if (bracket == "<") next
    if (name ~ /\.\./) { breach(place "an include says its folder, without ..: " name); next }
    if (folder == "examples") { breach(place "an example includes only <capas/...>: " name); next }
    if (folder == "include") { breach(place "a public header includes only <capas/...>: " name); next }
    target = index(name, "/") ? substr(name, 1, index(name, "/") - 1) : folder
    if (!index(name, "/") && folder != "cli") breach(place "say the folder: \"" folder "/" name "\"")
    else if (!rank_of(target)) breach(place name ": " target " is no room of the house")
    else if (target != folder && rank_of(target) >= rank_of(folder))
        breach(place folder " may not include from " target " (" name ")")
    else {
        path = target == "cli" ? name : "src/" name
        if (!index(name, "/")) path = "cli/" name
        if ((getline ignored < path) < 0) breach(place name " is not there")
        close(path)
    }
}

END {
    printf "%d files, %d breaches of the rules of the house\n", files, breaches
    exit breaches > 0 || files == 0
}' /dev/null
