#!/bin/sh
# Prints the command of a Python that can run the product; says in words what is missing.
# PYTHON=… names one outright.

old=""
bare=""
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python3.14 python}; do
    command -v "$name" >/dev/null 2>&1 || continue
    version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
    if ! "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        old="$old $name is $version;"
    elif ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        bare="$name ($version)"
    else
        echo "$name"
        exit 0
    fi
done

if [ -n "$bare" ]; then
    echo "$bare is here, but without its module venv." >&2
    echo "Install it (Debian and Ubuntu: apt-get install python3-venv), then try again." >&2
elif [ -n "$old" ]; then
    echo "Python 3.11 or newer is needed, and here is only an older one:$old" >&2
    echo "Install a newer Python (python.org, or your system's packages), then try again;" >&2
    echo "PYTHON=/path/to/python3 names one that is not on the PATH." >&2
else
    echo "Python 3.11 or newer is needed, and there is none on the PATH${PYTHON:+ by the name $PYTHON}." >&2
    echo "Install it (Debian and Ubuntu: apt-get install python3 python3-venv), then try again." >&2
fi
exit 1
