#!/bin/sh
# Two rounds on a copy of the sample project: in the app, or, where stdout is no
# terminal, by commands with the oracle as annotator.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/altui-demo.XXXXXX")
project=$scratch/sample_project
cp -R "$here/sample_project" "$project"
echo "the demo's project: $project" >&2

if [ -t 0 ] && [ -t 1 ]; then
    altui open "$project"
    echo "the demo stays in $project; open it again with:" >&2
    echo "  $here/.venv/bin/altui open $project" >&2
    exit
fi

step() { echo "\$ $*" >&2; "$@"; }
for round in 1 2; do
    step altui propose "$project"
    step altui approve "$project" --all
    step altui export "$project" --to "$scratch/bundle-$round"
    step altui import-labels "$project" --from-oracle
    step altui run "$project" --wait >/dev/null
done
step altui status "$project"
