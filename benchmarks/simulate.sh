#!/bin/sh
# The strategies' table on the mouse-skull data; safe to kill and to start again.
#
#     benchmarks/simulate.sh BUDGET [SEEDS [PARALLEL]]
#
# DATA: the mouse-skull folder. WORK: where the project goes; copy its .altui/simulation to
# another machine's WORK to go on there. STRATEGIES, ROUNDS, STEPS, START: as named. FULL= leaves full supervision out.
set -eu
cd "$(dirname "$0")/.."
DATA=${DATA:-../shared/data/mouse-skull}
WORK=${WORK:-/tmp/altui-mouse-skull}
STRATEGIES=${STRATEGIES:-random,equidistant,foreground-random,entropy,clasp}
ROUNDS=${ROUNDS:-10}
STEPS=${STEPS:-400}
START=${START:-warm}
FULL=${FULL---full}
budget=$1 seeds=${2:-1} parallel=${3:-1}
PATH="$PWD/.venv/bin:$PATH"

mkdir -p "$WORK" docs/benchmarks
# By relative names, so that trainings keep theirs on another machine.
for part in samples masks; do ln -sfn "$(cd "$DATA" && pwd)/$part" "$WORK/$part"; done
{
    cat "$DATA/altui.toml"
    printf '\n[model]\nencoder = "resnet18"\nencoder_weights = "none"\n'
    printf '\n[training]\ncrop = 128\nsteps = %s\nsteps_per_slice = 0\nstart = "%s"\n' "$STEPS" "$START"
} > "$WORK/altui.toml"
altui simulate "$WORK" --rounds "$ROUNDS" --strategies "$STRATEGIES" --seeds "$seeds" \
    $FULL --budget "$budget" --parallel "$parallel" --wait
altui simulate "$WORK" --json > "docs/benchmarks/mouse-skull-$budget.json"
python benchmarks/tables.py
