#!/usr/bin/env bash
# Train under Slurm.
#   bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of tools/train.py]
# GPUS (total, 8), GPUS_PER_NODE (8), CPUS_PER_TASK (10), PORT and SRUN_ARGS come from the environment.
# Inside a job of sbatch --requeue --signal=USR1@300, with --resume, a run that reaches the time limit
# saves a checkpoint, is requeued and continues.
set -euo pipefail

if [[ $# -lt 3 || "$1" == -h || "$1" == --help ]]; then
    sed -n '2,6s/^# *//p' "$0"
    [[ "${1:-}" == -h || "${1:-}" == --help ]] && exit 0 || exit 2
fi

PARTITION=$1
JOB_NAME=$2
CONFIG=$3
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Jobs that share a node need different ports.
export MASTER_PORT=${PORT:-$((12000 + RANDOM % 20000))}
# SRUN_ARGS holds several words on purpose.
read -r -a SRUN_EXTRA <<< "${SRUN_ARGS:-}"

export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"
STATUS=0
srun \
    --partition="$PARTITION" \
    --job-name="$JOB_NAME" \
    --gres="gpu:$GPUS_PER_NODE" \
    --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-10}" \
    --kill-on-bad-exit=1 \
    ${SRUN_EXTRA[@]+"${SRUN_EXTRA[@]}"} \
    "${PYTHON:-python}" -u "$TOOLS/train.py" "$CONFIG" --launcher slurm "${@:4}" || STATUS=$?
# tools/train.py exits with 75 after a signal; requeueing ends this job.
if [[ $STATUS == 75 && -n "${SLURM_JOB_ID:-}" ]]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$STATUS"
