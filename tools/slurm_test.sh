#!/usr/bin/env bash
# Test under Slurm.
#   bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CKPT [options of tools/test.py]
# GPUS (total, 8), GPUS_PER_NODE (8), CPUS_PER_TASK (10), PORT and SRUN_ARGS come from the environment.
set -euo pipefail

if [[ $# -lt 4 || "$1" == -h || "$1" == --help ]]; then
    sed -n '2,4s/^# *//p' "$0"
    [[ "${1:-}" == -h || "${1:-}" == --help ]] && exit 0 || exit 2
fi

PARTITION=$1
JOB_NAME=$2
CONFIG=$3
CHECKPOINT=$4
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Jobs that share a node need different ports.
export MASTER_PORT=${PORT:-$((12000 + RANDOM % 20000))}
# SRUN_ARGS holds several words on purpose.
read -r -a SRUN_EXTRA <<< "${SRUN_ARGS:-}"

PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" exec srun \
    --partition="$PARTITION" \
    --job-name="$JOB_NAME" \
    --gres="gpu:$GPUS_PER_NODE" \
    --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-10}" \
    --kill-on-bad-exit=1 \
    ${SRUN_EXTRA[@]+"${SRUN_EXTRA[@]}"} \
    "${PYTHON:-python}" -u "$TOOLS/test.py" "$CONFIG" "$CHECKPOINT" --launcher slurm "${@:5}"
