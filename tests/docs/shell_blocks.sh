#!/bin/bash
# Runs the commands in the documentation, one document after the other, as a reader would who stands in a clone
# where capas is built. What would take long or change the machine is looked up instead:
#   make TARGET             the target is there
#   cmake --preset NAME, cmake --build --preset NAME      the preset is there
#   apt-get install NAME    scripts/install-packages.sh knows the package
#   .ci/run                 it is there
#   capas train, bench, evaluate, reproduce      run with few steps on few pictures
# A block of CMake becomes project/CMakeLists.txt for the commands behind it.
#   shell_blocks.sh SOURCE_FOLDER BUILD_FOLDER C_COMPILER CMAKE [FLAGS_OF_THE_SANITIZERS]
set -uo pipefail
source=$1
build=$2
compiler=$(command -v "$3")
cmake=$(command -v "$4")
flags=${5:-}
. "$source/tests/docs/documents.sh"
plain_path=$PATH
export source build compiler cmake flags plain_path
count=0

make_command() { # NAME, its lines from standard input
    { echo '#!/bin/bash'; cat; } > "$work/bin/$1"
    chmod +x "$work/bin/$1"
}

mkdir -p "$work/bin" "$work/clone/build" "$work/home" "$work/recipes"
make_command make <<'END_OF_COMMAND'
for word in "${@:-build}"; do
    case $word in
    *=*) continue ;;
    -*) echo "make $word: options are not looked up"; exit 1 ;;
    esac
    grep -q "^$word:" "$source/Makefile" || { echo "there is no target $word in the Makefile"; exit 1; }
done
END_OF_COMMAND
make_command cmake <<'END_OF_COMMAND'
export PATH=$plain_path
case $1 in
--preset) grep -q "\"name\": \"$2\"" "$source/CMakePresets.json" ;;
--install)
    [[ $* == *--prefix* ]] || set -- "$@" --prefix "$HOME/.local"
    [ "$2" = build ] && exec "$cmake" --install "$build" "${@:3}" > log
    ;;
--build)
    [ "$2" = --preset ] && { grep -q "\"name\": \"$3\"" "$source/CMakePresets.json"; exit; }
    [ "$2" = build ] || exec "$cmake" "$@" > log
    ;;
*) exec "$cmake" "$@" "-DCMAKE_C_COMPILER=$compiler" "-DCMAKE_C_FLAGS=$flags" "-DCMAKE_EXE_LINKER_FLAGS=$flags" > log ;;
esac || { cat log; echo "cmake $* failed"; exit 1; }
END_OF_COMMAND
make_command apt-get <<'END_OF_COMMAND'
[ "$1" = install ] || exit 0
for package in "${@:2}"; do
    grep -qw -- "$package" "$source/scripts/install-packages.sh" "$source/docs/data.md" ||
        { echo "scripts/install-packages.sh does not know $package"; exit 1; }
done
END_OF_COMMAND
make_command sudo <<< 'exec "$@"'
# shellcheck disable=SC2086
make_command cc <<< 'exec "$compiler" $flags "$@"'
cat > "$work/clone/build/capas" <<'END_OF_COMMAND'
#!/bin/bash
case ${1:-} in
train) exec "$build/capas" "$@" --set fit.epochs=1 --set fit.steps_per_epoch=2 --set fit.validation_steps=1 ;;
evaluate) [[ $* == *--data* ]] || set -- "$@" --data "$work/small"
    exec "$build/capas" "$@" ;;
plot) [[ $2 =~ ^(confusion|mistakes)$ ]] && set -- "$@" --data "$work/small"
    exec "$build/capas" "$@" ;;
reproduce) [[ $* == *crash-* ]] || set -- "$@" crash-mlp
    exec "$build/capas" "$@" --results "$work/results.json" ;;
bench) [[ $* == *crash-* ]] || set -- "$@" crash-mlp
    exec "$build/capas" "$@" --seconds 0.01 ;;
*) exec "$build/capas" "$@" ;;
esac
END_OF_COMMAND
chmod +x "$work/clone/build/capas"
ln -s "$work/clone/build/capas" "$work/bin/capas"
for file in "$source"/*; do
    case $(basename "$file") in build* | runs) ;; *) ln -s "$file" "$work/clone/" ;; esac
done
mkdir "$work/clone/.ci"
[ -x "$source/.ci/run" ] && ln -s /bin/true "$work/clone/.ci/run"
make_small_data
for recipe in "$source"/recipes/*.yaml; do
    sed -E "s#(\{|  )name: mnist(,|\}|\$)#\1folder: $work/small\2#" "$recipe" > "$work/recipes/$(basename "$recipe")"
done
export work PATH="$work/bin:$PATH" HOME="$work/home" CAPAS_DATA="$source/data" CAPAS_RECIPES="$work/recipes"
cd "$work/clone" || exit 1

# A document is one session: what a block exports holds in those behind it. It ends at the first failure.
while read -r document; do
    : > "$work/session"
    while IFS=$between read -r block language line said; do
        case $language in
        cmake) echo "mkdir -p project; cp '$block' project/CMakeLists.txt" ;;
        sh)
            count=$((count + 1))
            echo "trap 'echo \"$document:$line: failed: \$BASH_COMMAND\"' ERR"
            cat "$block"
            ;;
        esac >> "$work/session"
    done < <(blocks "$document")
    bash -e -u -o pipefail -o errtrace "$work/session" > "$work/said" 2>&1 < /dev/null ||
        fail "$document" "$(tail -n 20 "$work/said")"
done < <(documents)
echo "$count blocks of commands, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]
