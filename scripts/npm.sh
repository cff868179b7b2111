#!/bin/sh
# npm with the arguments given, on the machine's own Node (20 or newer), or else on one from
# requirements-node.txt that is installed into the virtual environment.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

usable() {
    command -v npm >/dev/null 2>&1 && npm --version >/dev/null 2>&1 &&
        node -e 'process.exit(parseInt(process.versions.node, 10) < 20 ? 1 : 0)' 2>/dev/null
}

if ! usable; then
    PATH="$root/.venv/bin:$PATH"
    if ! usable; then
        echo "No Node 20 with npm on this machine: installing one into .venv (once) …" >&2
        "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes --requirement "$root/requirements-node.txt" || exit 1
        hash -r
    fi
    export PATH
    if ! usable; then
        echo "Node 20 or newer with npm is needed to build the front end, and the one from" >&2
        echo "requirements-node.txt does not run here. Install Node, then try again." >&2
        exit 1
    fi
fi
exec npm "$@"
