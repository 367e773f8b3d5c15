# The virtual environment of the commands of this folder: .venv at the
# repository's root, or what a command has set $venv to. Sourced by them, with
# that root as the working directory.

venv=${venv:-.venv}

say() {
    printf '%s\n' "--- $*"
}

fail() {
    printf '%s\n' "$0: $*" >&2
    exit 1
}

asRoot() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "needs root, or sudo, for: $*"
    fi
}

# installFromDebian WITHOUT PACKAGES: what to say where there is no Debian, and
# what to install where there is.
installFromDebian() {
    command -v apt-get >/dev/null || fail "$1"
    shift
    say "Installing Debian's $*"
    asRoot apt-get -q update
    asRoot env DEBIAN_FRONTEND=noninteractive apt-get -q -y install "$@"
}

# Debian keeps what venv needs in a package of its own.
installVenvModule() {
    installFromDebian "$1 -m venv does not work: install Python's venv module" python3-venv
}

makeVenv() {
    python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "needs Python 3.11 or newer; name it in PYTHON where $python is none"
    say "Making the virtual environment $venv with $("$python" --version)"
    "$python" -c 'import ensurepip' 2>/dev/null || installVenvModule "$python"
    "$python" -m venv --clear "$venv"
}

# prepareVenv EXTRAS: see to it that this repository is installed in $venv,
# with EXTRAS (such as "[test]") or without any (""). What is installed already
# is known by a copy of what asked for it.
prepareVenv() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null || makeVenv
    stamp=$venv/installed$1
    { pwd && cat pyproject.toml; } | cmp -s - "$stamp" && return
    say "Installing txsocketio$1 and what it needs into $venv; this takes a minute"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".$1"
    { pwd && cat pyproject.toml; } >"$stamp"
}
