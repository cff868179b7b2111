#!/bin/sh
# Becomes one process of the Procfile: `sh deploy/process.sh web`. It is exec'ed, so that signals
# reach the server itself. Containers and `make scale` both start their processes this way.
set -eu
cd "$(dirname "$0")/.."

line=$(sed -n "s/^${1:?which process of the Procfile?}:[[:space:]]*//p" Procfile)
if [ -z "$line" ]; then
    echo "The Procfile knows no process '$1'; it has: $(sed -n 's/:.*//p' Procfile | tr '\n' ' ')" >&2
    exit 1
fi
eval "exec $line"
