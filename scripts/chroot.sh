# For scripts/fresh.sh, which reads it in: a bare Debian (minbase with git, make and
# ca-certificates) in a folder, with a fresh clone of the last commit in /root/capas.
# Needs root and debootstrap, and a host with Debian's packages.
#
# The bare system is kept as an archive in CAPAS_CHROOTS (else capas-chroots in the folder for temporary
# files) and unpacked anew each time; the mirror is the one this machine's apt uses, or CAPAS_MIRROR.
# Mounts live in a namespace of their own and vanish with it.
source=$(cd "$(dirname "$0")/.." && pwd)
store=${CAPAS_CHROOTS:-${TMPDIR:-/tmp}/capas-chroots}

find_mirror() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# What a machine needs to know of the network around it: names, proxies, certificates.
copy_network() { # ROOT
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    apt-config dump | grep -E '^Acquire::(https?|ftp)::' > "$1/etc/apt/apt.conf.d/90network" || true
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$1/usr/local/share/ca-certificates"
        cp -r /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/"
    fi
    chroot "$1" update-ca-certificates > /dev/null 2>&1 || true
}

# Sets `root` to a new bare system, removed at exit.
make_chroot() { # DIST
    local archive=$store/$1.tar mirror
    mkdir -p "$store"
    work=$(mktemp -d "$store/$1.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    root=$work/root
    if [ ! -f "$archive" ]; then
        mirror=${CAPAS_MIRROR:-$(find_mirror)}
        echo "Making a bare $1"
        debootstrap --variant=minbase --include=git,make,ca-certificates "$1" "$root" \
            ${mirror:+"$mirror"} > "$work/log" || { tail -n 20 "$work/log"; exit 1; }
        rm -f "$root"/var/cache/apt/archives/*.deb
        tar --create --file="$archive.part" --directory="$root" --numeric-owner .
        mv "$archive.part" "$archive"
    else
        mkdir "$root"
        tar --extract --file="$archive" --directory="$root" --numeric-owner
    fi
    copy_network "$root"
    git clone --quiet --no-local "$source" "$root/root/capas"
    echo "Trying $(git -C "$source" rev-parse --short HEAD) on a bare $1"
}

# Runs a script (standard input) with bash in the system, in the clone, with /proc and nothing else of the host.
in_chroot() { # ARGUMENT...
    { echo 'set -euo pipefail; mount -t proc proc /proc; cd /root/capas'; cat; } > "$root/root/try"
    unshare --mount --pid --fork --kill-child \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
        chroot "$root" bash /root/try "$@" < /dev/null
}
